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
WITH pythons (major, minor, bit) AS (
    VALUES
        (2, 7, 1), (3, 6, 2), (3, 7, 4), (3, 8, 8), (3, 9, 16), (3, 10, 32), (3, 11, 64), (3, 12, 128), (3, 13, 256),
        (3, 14, 512), (3, 15, 1024)
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
    SELECT DISTINCT requires_python FROM versions WHERE requires_python IS NOT NULL
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
        pythons.bit,
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
        bit_or(CASE WHEN NOT admits THEN bit ELSE 0 END) AS refused,
        bit_or(CASE WHEN admits IS NULL THEN bit ELSE 0 END) AS unknown
    FROM judged
    GROUP BY requires_python
),
pythons_of_files AS (
    SELECT releases.project, releases.version, unnest(files.python_tags) AS python, files.abi_tags
    FROM releases
    JOIN files ON files.project = releases.project AND files.version = releases.version
),
tags AS (
    SELECT project, version, python, unnest(abi_tags) AS abi
    FROM pythons_of_files
),
parts AS (
    SELECT
        project,
        version,
        substr(python, 1, 2) AS implementation,
        substr(python, 3, 1) AS major,
        substr(python, 4) AS minor,
        abi
    FROM tags
    WHERE abi IN ('abi3', 'none', python, python || 'm', python || 'mu', python || 'u')
),
ranges AS (
    SELECT
        project,
        version,
        CAST(major AS INTEGER) AS major,
        CASE WHEN minor = '' THEN 0 ELSE CAST(minor AS INTEGER) END AS minor,
        abi = 'abi3' OR implementation = 'py' OR minor = '' AS and_later
    FROM parts
    WHERE
        implementation IN ('cp', 'py')
        AND length(major) = 1
        AND length(minor) <= 3
        AND ltrim(major || minor, '0123456789') = ''
        AND (implementation = 'cp' OR abi = 'none')
),
wheels AS (
    SELECT
        project,
        version,
        min(CASE WHEN and_later AND major = 2 THEN minor END) AS later_2,
        min(CASE WHEN and_later AND major = 3 THEN minor END) AS later_3,
        max(CASE WHEN major = 2 AND minor = 7 THEN 1 ELSE 0 END) AS has_27,
        bit_or(CASE WHEN major = 3 AND minor <= 15 THEN 1 << minor ELSE 0 END) AS minors_3
    FROM ranges
    GROUP BY project, version
),
classified AS (
    SELECT
        classifiers.project,
        classifiers.version,
        bit_or(coalesce(pythons.bit, 0)) AS named
    FROM releases
    JOIN classifiers ON classifiers.project = releases.project AND classifiers.version = releases.version
    LEFT JOIN pythons
        ON classifiers.classifier = 'Programming Language :: Python :: ' || pythons.major || '.' || pythons.minor
    GROUP BY classifiers.project, classifiers.version
),
described AS (
    SELECT
        releases.project,
        releases.version,
        CAST(coalesce(admitted.refused, 0) AS BIGINT) AS refused,
        CAST(coalesce(admitted.unknown, 0) AS BIGINT) AS unknown,
        CAST(classified.named AS BIGINT) AS named,
        coalesce(wheels.later_2, 99) AS later_2,
        coalesce(wheels.later_3, 99) AS later_3,
        coalesce(wheels.has_27, 0) AS has_27,
        CAST(coalesce(wheels.minors_3, 0) AS BIGINT) AS minors_3
    FROM releases
    LEFT JOIN admitted ON admitted.requires_python = releases.requires_python
    LEFT JOIN classified ON classified.project = releases.project AND classified.version = releases.version
    LEFT JOIN wheels ON wheels.project = releases.project AND wheels.version = releases.version
)
SELECT
    described.project,
    described.version,
    pythons.major || '.' || pythons.minor AS python,
    CASE
        WHEN (described.unknown & pythons.bit) <> 0 THEN NULL
        ELSE (described.refused & pythons.bit) = 0
    END AS admitted,
    (described.named & pythons.bit) <> 0 AS classified,
    CASE
        WHEN pythons.major = 2 THEN described.has_27 = 1 OR pythons.minor >= described.later_2
        ELSE (described.minors_3 & (1 << pythons.minor)) <> 0 OR pythons.minor >= described.later_3
    END AS has_wheel
FROM described
CROSS JOIN pythons
