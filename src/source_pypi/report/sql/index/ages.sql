-- title: Time since the last release
-- question: How long ago was the last upload of each project?
-- needs: projects
WITH aged AS (SELECT floor((epoch(now()) - epoch(last_upload_at)) / 86400) AS days FROM projects)
SELECT
    CASE
        WHEN days IS NULL THEN 'no files'
        WHEN days < 30 THEN 'below 30 days'
        WHEN days < 182 THEN '30 days to 6 months'
        WHEN days < 365 THEN '6 to 12 months'
        WHEN days < 730 THEN '1 to 2 years'
        WHEN days < 1826 THEN '2 to 5 years'
        ELSE '5 years and more'
    END AS age,
    count(*) AS projects
FROM aged
GROUP BY age
ORDER BY min(days) NULLS LAST
