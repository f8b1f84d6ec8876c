-- title: Python support
-- question: Which Python versions does a release support, by its metadata and by its wheels?
-- row: a latest or selected release, and a minor version of Python
-- needs: versions, files, classifiers, pins
-- column python: The minor version of Python: 2.7, and 3.6 to 3.15.
-- column admitted: Whether requires_python admits the newest micro release of it. Pre-releases and micro versions in
--   requires_python do not matter: >=3.8.1 admits 3.8, <=3.11 and ==3.11 do not admit 3.11, <3.11.4 neither. True if
--   there is no requires_python. Null: it is not valid in PEP 440.
-- column classified: Whether a classifier names it. Null: no classifiers of the release are known.
-- column has_wheel: Whether the release has a wheel for CPython of this version with the GIL, on any platform.
WITH pythons (major, minor) AS (
    VALUES (2, 7), (3, 6), (3, 7), (3, 8), (3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14), (3, 15)
),
selected AS (
    SELECT DISTINCT project, version FROM pins WHERE version IS NOT NULL
),
releases AS (
    SELECT versions.project, versions.version, versions.requires_python
    FROM versions
    LEFT JOIN selected ON selected.project = versions.project AND selected.version = versions.version
    WHERE versions.is_latest OR selected.project IS NOT NULL
),
specifiers AS (
    SELECT DISTINCT requires_python FROM releases WHERE requires_python IS NOT NULL
),
clauses AS (
    SELECT DISTINCT
        specifiers.requires_python,
        trim(clause.written) AS clause,
        ltrim(trim(clause.written), ' <>=!~') AS bound
    FROM specifiers
    CROSS JOIN UNNEST(string_split(specifiers.requires_python, ',')) AS clause (written)
    WHERE trim(clause.written) <> ''
),
split AS (
    SELECT
        requires_python,
        CASE
            WHEN ltrim(bound, '0123456789abcdefghijklmnopqrstuvwxyz.*+-_') = ''
            THEN trim(substr(clause, 1, length(clause) - length(bound)))
        END AS operator,
        substr(bound, 1, length(bound) - length(ltrim(bound, '0123456789'))) AS major,
        substr(ltrim(bound, '0123456789'), 1, 1) = '.' AS has_minor,
        CASE WHEN substr(ltrim(bound, '0123456789'), 1, 1) = '.' THEN substr(ltrim(bound, '0123456789'), 2) ELSE '' END
            AS rest
    FROM clauses
),
bounds AS (
    SELECT
        requires_python,
        operator,
        major,
        substr(rest, 1, length(rest) - length(ltrim(rest, '0123456789'))) AS minor,
        has_minor,
        rest = '*' AS any_minor,
        ltrim(rest, '0123456789') = '.*' AS any_micro,
        substr(ltrim(rest, '0123456789'), 1, 1) = '.' AS has_micro,
        strpos(substr(ltrim(rest, '0123456789'), 2), '.') > 0 AS has_more
    FROM split
),
numbers AS (
    SELECT
        requires_python,
        CASE WHEN major <> '' AND (any_minor OR NOT has_minor OR minor <> '') THEN operator END AS operator,
        CASE WHEN major = '' THEN 0 WHEN length(major) > 4 THEN 9999 ELSE CAST(major AS INTEGER) END AS major,
        CASE WHEN minor = '' THEN 0 WHEN length(minor) > 4 THEN 9999 ELSE CAST(minor AS INTEGER) END AS minor,
        any_minor,
        any_micro,
        has_minor,
        has_micro,
        has_more
    FROM bounds
),
judged AS (
    SELECT
        numbers.requires_python,
        pythons.major,
        pythons.minor,
        CASE
            WHEN (numbers.any_minor OR numbers.any_micro) AND numbers.operator NOT IN ('==', '!=') THEN NULL
            WHEN numbers.operator IN ('>=', '>')
            THEN
                pythons.major > numbers.major
                OR pythons.major = numbers.major AND pythons.minor >= numbers.minor
            WHEN numbers.operator IN ('<', '<=')
            THEN
                pythons.major < numbers.major
                OR pythons.major = numbers.major AND pythons.minor < numbers.minor
            WHEN numbers.operator = '=='
            THEN
                pythons.major = numbers.major
                AND (numbers.any_minor OR numbers.any_micro AND pythons.minor = numbers.minor)
            WHEN numbers.operator = '!='
            THEN
                pythons.major <> numbers.major
                OR NOT numbers.any_minor AND (NOT numbers.any_micro OR pythons.minor <> numbers.minor)
            WHEN numbers.operator = '~=' AND numbers.has_micro
            THEN NOT numbers.has_more AND pythons.major = numbers.major AND pythons.minor = numbers.minor
            WHEN numbers.operator = '~=' AND numbers.has_minor
            THEN pythons.major = numbers.major AND pythons.minor >= numbers.minor
            WHEN numbers.operator = '===' THEN FALSE
        END AS admits
    FROM numbers
    CROSS JOIN pythons
),
admitted AS (
    SELECT
        requires_python,
        major,
        minor,
        max(CASE WHEN NOT admits THEN 1 ELSE 0 END) AS refused,
        max(CASE WHEN admits IS NULL THEN 1 ELSE 0 END) AS unknown
    FROM judged
    GROUP BY requires_python, major, minor
),
tags AS (
    SELECT DISTINCT
        releases.project,
        releases.version,
        substr(python.tag, 1, 2) AS implementation,
        substr(python.tag, 3, 1) AS major,
        substr(python.tag, 4) AS minor,
        CASE WHEN abi.tag = 'abi3' OR abi.tag = 'none' THEN abi.tag ELSE 'own' END AS abi
    FROM releases
    JOIN files ON files.project = releases.project AND files.version = releases.version
    CROSS JOIN UNNEST(files.python_tags) AS python (tag)
    CROSS JOIN UNNEST(files.abi_tags) AS abi (tag)
    WHERE abi.tag IN ('abi3', 'none', python.tag, python.tag || 'm', python.tag || 'mu', python.tag || 'u')
),
ranges AS (
    SELECT
        project,
        version,
        CAST(major AS INTEGER) AS major,
        CASE WHEN minor = '' THEN 0 ELSE CAST(minor AS INTEGER) END AS minor,
        abi = 'abi3' OR implementation = 'py' OR minor = '' AS and_later
    FROM tags
    WHERE
        implementation IN ('cp', 'py')
        AND length(major) = 1
        AND length(minor) <= 3
        AND ltrim(major || minor, '0123456789') = ''
        AND (implementation = 'cp' OR abi = 'none')
),
covered AS (
    SELECT DISTINCT ranges.project, ranges.version, pythons.major, pythons.minor
    FROM ranges
    JOIN pythons
        ON pythons.major = ranges.major
        AND (pythons.minor = ranges.minor OR ranges.and_later AND pythons.minor > ranges.minor)
),
classified AS (
    SELECT DISTINCT project, version FROM classifiers
),
named AS (
    SELECT DISTINCT classifiers.project, classifiers.version, pythons.major, pythons.minor
    FROM classifiers
    JOIN pythons
        ON classifiers.classifier = 'Programming Language :: Python :: ' || pythons.major || '.' || pythons.minor
)
SELECT
    releases.project,
    releases.version,
    pythons.major || '.' || pythons.minor AS python,
    CASE
        WHEN admitted.unknown = 1 THEN NULL
        WHEN admitted.refused = 1 THEN FALSE
        ELSE TRUE
    END AS admitted,
    CASE WHEN classified.project IS NOT NULL THEN named.project IS NOT NULL END AS classified,
    covered.project IS NOT NULL AS has_wheel
FROM releases
CROSS JOIN pythons
LEFT JOIN admitted
    ON admitted.requires_python = releases.requires_python
    AND admitted.major = pythons.major
    AND admitted.minor = pythons.minor
LEFT JOIN classified ON classified.project = releases.project AND classified.version = releases.version
LEFT JOIN named
    ON named.project = releases.project
    AND named.version = releases.version
    AND named.major = pythons.major
    AND named.minor = pythons.minor
LEFT JOIN covered
    ON covered.project = releases.project
    AND covered.version = releases.version
    AND covered.major = pythons.major
    AND covered.minor = pythons.minor
