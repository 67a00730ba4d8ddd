"""The statement that takes rows from the inbox of counts and adds them to the sums, in one go."""

from __future__ import annotations

from sqlalchemy import text

from worker.trials.sums import Sums


def _each(form: str) -> str:
    """Write a list of all columns of sums, each as `form` says."""
    return ", ".join(form.format(name) for name in Sums._fields)


# In words: take the oldest rows that are settled, whatever they are of. Add up those of tests that run, by
# bucket and day. Compare with what was counted before, and leave out what no viewer can have done. Add the
# rest to the sums of the buckets, and to those of the variants' days. Two days are in one batch at midnight
# only: then each is compared for itself, and a few plays too many may stay.
MERGE = text(f"""
WITH batch AS MATERIALIZED (
    SELECT id FROM count_inbox
    WHERE at < clock_timestamp() - make_interval(secs => :settled_s)
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM count_inbox USING batch WHERE count_inbox.id = batch.id
    RETURNING trial_id, bucket, at, {_each("count_inbox.{0}")}
), summed AS (
    SELECT taken.trial_id, taken.bucket, variants.number AS variant,
        (taken.at AT TIME ZONE 'UTC')::date AS day,
        {_each("sum(taken.{0}) AS {0}")}
    FROM taken
    JOIN trials ON trials.id = taken.trial_id AND trials.state = 'running'
    JOIN variants ON variants.trial_id = taken.trial_id
        AND taken.bucket >= variants.bucket_from AND taken.bucket < variants.bucket_to
    GROUP BY 1, 2, 3, 4
), compared AS (
    SELECT summed.*, coalesce(before.plays, 0) AS plays_before,
        coalesce(before.quality_plays, 0) AS quality_before,
        coalesce(before.impressions, 0) - coalesce(before.plays, 0) AS unplayed_before
    FROM summed LEFT JOIN trial_counts AS before USING (trial_id, bucket)
), played AS (
    SELECT *, least(plays, greatest(unplayed_before + impressions, 0)) AS plays_kept FROM compared
), kept AS (
    SELECT trial_id, bucket, day, variant, impressions, plays_kept AS plays,
        least(quality_plays, greatest(plays_before + plays_kept - quality_before, 0)) AS quality_plays,
        CASE WHEN plays_before + plays_kept > 0 THEN watch_s ELSE 0 END AS watch_s,
        CASE WHEN plays_before + plays_kept > 0 THEN watch_s2 ELSE 0 END AS watch_s2
    FROM played
), of_buckets AS (
    INSERT INTO trial_counts (trial_id, bucket, {_each("{0}")})
    SELECT trial_id, bucket, {_each("sum({0})")} FROM kept GROUP BY trial_id, bucket
    ON CONFLICT (trial_id, bucket) DO UPDATE SET {_each("{0} = trial_counts.{0} + excluded.{0}")}
), of_days AS (
    INSERT INTO trial_days (trial_id, day, variant, {_each("{0}")})
    SELECT trial_id, day, variant, {_each("sum({0})")} FROM kept GROUP BY trial_id, day, variant
    ON CONFLICT (trial_id, day, variant) DO UPDATE SET {_each("{0} = trial_days.{0} + excluded.{0}")}
)
SELECT (SELECT count(*) FROM taken) AS taken,
    coalesce((SELECT sum(plays - plays_kept) FROM played), 0) AS plays,
    coalesce((SELECT sum(quality_plays) FROM summed) - (SELECT sum(quality_plays) FROM kept), 0)
        AS quality_plays,
    (SELECT count(*) FROM played WHERE watch_s > 0 AND plays_before + plays_kept = 0) AS watches
""")  # noqa: S608 - the names are ours

FORGET = text("DELETE FROM count_deliveries WHERE at < clock_timestamp() - make_interval(days => :days)")
