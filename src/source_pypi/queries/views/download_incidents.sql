-- title: Incidents of download counts
-- question: On which days do counts of downloads not mean what they mean on others?
-- row: days on which counts differ from those of other days for a reason that is not the project
-- needs: downloads
-- column first_day: The first day, as YYYY-MM-DD. Empty: from the beginning.
-- column last_day: The last day, as YYYY-MM-DD. Empty: it holds since.
-- column source: Whose counts differ: pypistats, clickhouse, pepy, or all (what the index recorded).
-- column kind: definition (another meaning from then on), missing, too low, too high, late or repaired.
-- column what: What happened.
-- column reference: Where it is documented.
WITH incidents (first_day, last_day, source, kind, what, reference) AS (
    VALUES
        ('', '2018-07-25', 'all', 'too low', 'Counts are an order of magnitude too low.', 'Python packaging guide, analyzing download counts, caveats'),
        ('2020-04-08', '2020-04-08', 'pypistats', 'missing', 'No counts.', 'psf/pypistats.org issue 29'),
        ('2020-07-18', '2020-07-19', 'pypistats', 'missing', 'No counts.', 'psf/pypistats.org issue 29'),
        ('2021-03-22', '2021-03-26', 'pypistats', 'missing', 'The old table of the index had no rows.', 'psf/pypistats.org issue 34'),
        ('2021-03-29', '', 'pypistats', 'missing', 'The old table of the index ends; later days come from its successor.', 'psf/pypistats.org issue 34'),
        ('2021-11-23', '2021-12-10', 'all', 'too high', 'Downloads were recorded twice, then lost.', 'linehaul issue 54'),
        ('2024-05-19', '2024-05-28', 'pepy', 'too low', 'Wrong counts.', 'pepy issue 667'),
        ('2025-12-06', '2025-12-06', 'clickhouse', 'repaired', 'The day was loaded again by hand.', 'ClickHouse/clickpy scripts/day-fix.sh'),
        ('2026-05-25', '2026-05-27', 'clickhouse', 'late', 'The tables were two days behind.', 'ClickHouse/clickpy issue 225'),
        ('2026-08-15', '2026-08-28', 'all', 'too high', 'The file host failed: repeated requests add downloads, failed ones are missing.', 'warehouse docs/blog, post of 2026-09-08'),
        ('2026-08-24', '', 'all', 'definition', 'Only wheels and source distributions are counted; before, also metadata, signatures, eggs and installers.', 'warehouse docs/blog/posts/2026-08-31-download-counts.md')
)
SELECT first_day, last_day, source, kind, what, reference
FROM incidents
WHERE EXISTS (SELECT 1 FROM downloads)
