-- title: Licences of pins
-- question: Under which licence is each pinned release?
-- row: a pin, and the licence of the release that it selects
-- needs: pins, licenses
-- column version: The release that the pin selects.
-- column expression: The licence as a normalised SPDX expression. Null: it has none, or cannot be expressed in SPDX.
-- column expression_source: The field that the expression comes from. Null: there is no expression.
-- column license: The licence as free text. Null: not given.
SELECT
    pins.project,
    pins.version,
    pins.specifier,
    pins.file,
    pins.line,
    licenses.expression,
    licenses.expression_source,
    licenses.license
FROM pins
JOIN licenses ON licenses.project = pins.project AND licenses.version = pins.version
