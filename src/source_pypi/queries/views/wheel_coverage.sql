-- title: Wheel coverage
-- question: For which platforms, Python versions and ABIs does a release have wheels?
-- row: a wheel of a latest or selected release, for one platform, Python version and ABI
-- needs: files, versions, pins
-- column is_latest: Whether the index selects the release as the latest.
-- column is_pinned: Whether a pin selects the release.
-- column platform: The system and its architecture, e.g. manylinux x86_64, musllinux aarch64, macos arm64, windows
--   x86_64; any; or the platform tag, if it is of another kind.
-- column python: The Python version, e.g. 3.12 or PyPy 3.10; with a plus, e.g. 3.8+, if later versions of the same
--   major version can use the wheel as well; or the Python tag, if it is of another kind.
-- column abi: cpython (built for this version), free-threaded (built for this version without the GIL), abi3 (stable
--   ABI), abi3t (stable ABI, also without the GIL), none (no ABI), or the ABI tag, if it is of another kind.
WITH selected AS (
    SELECT DISTINCT project, version FROM pins WHERE version IS NOT NULL
),
releases AS (
    SELECT versions.project, versions.version, versions.is_latest, selected.project IS NOT NULL AS is_pinned
    FROM versions
    LEFT JOIN selected ON selected.project = versions.project AND selected.version = versions.version
    WHERE versions.is_latest OR selected.project IS NOT NULL
),
of_platforms AS (
    SELECT
        releases.project,
        releases.version,
        releases.is_latest,
        releases.is_pinned,
        files.filename,
        unnest(files.platform_tags) AS platform_tag,
        files.python_tags,
        files.abi_tags
    FROM releases
    JOIN files ON files.project = releases.project AND files.version = releases.version
),
of_pythons AS (
    SELECT project, version, is_latest, is_pinned, filename, platform_tag, unnest(python_tags) AS python_tag, abi_tags
    FROM of_platforms
),
tags AS (
    SELECT project, version, is_latest, is_pinned, filename, platform_tag, python_tag, unnest(abi_tags) AS abi_tag
    FROM of_pythons
),
parsed AS (
    SELECT
        project,
        version,
        is_latest,
        is_pinned,
        filename,
        platform_tag,
        CASE
            WHEN platform_tag LIKE 'manylinux%' THEN 'manylinux'
            WHEN platform_tag LIKE 'musllinux%' THEN 'musllinux'
            WHEN platform_tag LIKE 'linux%' THEN 'linux'
            WHEN platform_tag LIKE 'macosx%' THEN 'macos'
            WHEN platform_tag LIKE 'win%' THEN 'windows'
            WHEN platform_tag LIKE 'ios%' THEN 'ios'
            WHEN platform_tag LIKE 'android%' THEN 'android'
            WHEN platform_tag LIKE 'pyodide%' OR platform_tag LIKE '%emscripten%' THEN 'emscripten'
        END AS system,
        CASE
            WHEN platform_tag LIKE '%x86_64%' OR platform_tag LIKE '%amd64' THEN 'x86_64'
            WHEN platform_tag = 'win32' OR platform_tag LIKE '%i686' OR platform_tag LIKE '%i386' THEN 'x86'
            WHEN platform_tag LIKE '%arm64%' THEN 'arm64'
            WHEN platform_tag LIKE '%aarch64' THEN 'aarch64'
            WHEN platform_tag LIKE '%universal2' THEN 'universal2'
            WHEN platform_tag LIKE '%intel' THEN 'intel'
            WHEN platform_tag LIKE '%armv7l' THEN 'armv7l'
            WHEN platform_tag LIKE '%armv6l' THEN 'armv6l'
            WHEN platform_tag LIKE '%ppc64le' THEN 'ppc64le'
            WHEN platform_tag LIKE '%ppc64' THEN 'ppc64'
            WHEN platform_tag LIKE '%s390x' THEN 's390x'
            WHEN platform_tag LIKE '%riscv64' THEN 'riscv64'
            WHEN platform_tag LIKE '%loongarch64' THEN 'loongarch64'
            WHEN platform_tag LIKE '%wasm32' THEN 'wasm32'
        END AS architecture,
        python_tag,
        substr(python_tag, 1, 2) AS implementation,
        substr(python_tag, 3, 1) AS major,
        substr(python_tag, 4) AS minor,
        abi_tag
    FROM tags
)
SELECT DISTINCT
    project,
    version,
    is_latest,
    is_pinned,
    coalesce(system || ' ' || architecture, platform_tag) AS platform,
    CASE
        WHEN
            implementation NOT IN ('cp', 'pp', 'py')
            OR major = ''
            OR ltrim(major || minor, '0123456789') <> ''
        THEN python_tag
        ELSE
            CASE WHEN implementation = 'pp' THEN 'PyPy ' ELSE '' END
            || major
            || CASE WHEN minor = '' THEN '' ELSE '.' || minor END
            || CASE WHEN implementation = 'py' OR minor = '' OR abi_tag IN ('abi3', 'abi3t') THEN '+' ELSE '' END
    END AS python,
    CASE
        WHEN abi_tag IN ('none', 'abi3', 'abi3t') THEN abi_tag
        WHEN abi_tag = python_tag || 't' AND implementation = 'cp' THEN 'free-threaded'
        WHEN abi_tag IN (python_tag, python_tag || 'm', python_tag || 'mu', python_tag || 'u') AND implementation = 'cp'
        THEN 'cpython'
        ELSE abi_tag
    END AS abi,
    filename
FROM parsed
