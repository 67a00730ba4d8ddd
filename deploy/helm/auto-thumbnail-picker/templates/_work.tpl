{{/*
How many rows are due or being worked on, up to 5,000 of each: what a scaler asks again and again. Rows of accounts
that are paused or closed wait for something else than workers. Those at work count, or workers would be taken away as
soon as they have all rows in hand. Indexes of jobs answer it (ix_jobs_account_due, uq_jobs_running).
*/}}
{{- define "thumbs.work" -}}
SELECT
  (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'running' LIMIT 5000) AS at_work)
  + (SELECT count(*) FROM (
      SELECT 1 FROM accounts AS a CROSS JOIN LATERAL (
        SELECT 1 FROM jobs AS j
        WHERE j.account_id = a.id AND j.state IN ('scheduled', 'available', 'retryable')
          AND j.priority IN (0, 9) AND j.scheduled_at <= now()
        LIMIT 5000
      ) AS of_account
      WHERE a.paused_at IS NULL
        AND (a.closed_until IS NULL OR a.closed_until <= now() OR a.only_writes_fail)
      LIMIT 5000
    ) AS due)
{{- end }}

{{/* How many seconds the oldest due row of people waits; several dispatchers show the same, so it is no sum. */}}
{{- define "thumbs.lag" -}}
max(
  max by (platform, account) (thumbs_job_queue_lag_seconds{queue="analyze", priority="live"})
  unless on (platform, account) max by (platform, account) (thumbs_account_held{why!="writes"}) == 1
  unless on (platform, account) max by (platform, account) (thumbs_account_refused) == 1
)
{{- end }}
