{{/*
Every program: its command, what strangers reach (port) and what Prometheus and probes reach (metricsPort), which
secrets of accounts it is given, and where it makes requests to. docker-compose.yml says the same in its own words,
and tests compare the two. `probe` says where it tells that it is ready; workers and the dispatcher tell by showing
their numbers at all, which a worker does once its model has worked. `alive` says where it tells that it need not be
killed, and `started` that it has begun, where this is more than being alive.
*/}}
{{- define "thumbs.programs" -}}
receiver:
  command: [thumbs, serve]
  accountSecrets: webhooks
  listens: {HOST: 0.0.0.0, PORT: "8000"}
  port: 8000
  metricsPort: 9101
  alive: /healthz
  probe: {path: /readyz, port: metrics}
  reaches: [database, bucket]
review:
  command: [thumbs, review]
  accountSecrets: none
  listens: {REVIEW_HOST: 0.0.0.0, REVIEW_PORT: "8080"}
  port: 8080
  alive: /healthz
  probe: {path: /healthz, port: http}
  reaches: [database, outside, bucket]
beacon:
  command: [thumbs, beacon]
  accountSecrets: none
  listens: {BEACON_HOST: 0.0.0.0, BEACON_PORT: "8070"}
  port: 8070
  metricsPort: 9105
  alive: /healthz
  # It has to ask once which tests run. From then on it keeps what viewers tell also while the database is away.
  started: {path: /readyz, port: metrics}
  probe: {path: /healthz, port: http}
  reaches: [database]
dispatcher:
  command: [thumbs, dispatch]
  accountSecrets: api
  metricsPort: 9102
  probe: {path: /metrics, port: metrics}
  reaches: [database, broker, outside, bucket]
analyze:
  command: [thumbs, analyze]
  accountSecrets: api
  metricsPort: 9103
  probe: {path: /metrics, port: metrics}
  reaches: [database, broker, outside, bucket]
  looksAtVideos: true
analyze-gpu:
  command: [thumbs, analyze]
  accountSecrets: api
  metricsPort: 9103
  probe: {path: /metrics, port: metrics}
  reaches: [database, broker, outside, bucket]
  looksAtVideos: true
publish:
  command: [thumbs, publish]
  accountSecrets: api
  metricsPort: 9104
  probe: {path: /metrics, port: metrics}
  reaches: [database, broker, outside, bucket]
migrate:
  command: [thumbs, migrate]
  accountSecrets: none
  reaches: [database]
  isOver: true
{{- end }}

{{/* The programs that run on, by name, without those that are switched off. */}}
{{- define "thumbs.running" -}}
{{- $running := dict }}
{{- range $name, $program := include "thumbs.programs" . | fromYaml }}
{{- if and (not $program.isOver) (index $.Values.programs $name).enabled }}
{{- $_ := set $running $name $program }}
{{- end }}
{{- end }}
{{- toYaml $running }}
{{- end }}

{{/* The image of a program. Takes: root, name, program. */}}
{{- define "thumbs.image" -}}
{{- $image := .root.Values.image }}
{{- if not .program.looksAtVideos }}{{ $image.light }}
{{- else if eq .name "analyze-gpu" }}{{ $image.gpu | default $image.worker }}
{{- else }}{{ $image.worker }}
{{- end }}
{{- end }}

{{/* The name of the Secret that is the folder of a program's secrets: with a GPU or without, it is the same program. Takes: root, name. */}}
{{- define "thumbs.secret" -}}
{{- $owner := trimSuffix "-gpu" .name }}
{{- (index .root.Values.programs .name).secret | default (include "thumbs.name" (dict "root" .root "name" $owner)) }}
{{- end }}
