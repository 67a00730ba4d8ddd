{{/* A value as the text of a variable: 21474836480, which Helm reads as a float, does not become 2.147483648e+10. */}}
{{- define "thumbs.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* The settings of all programs, with the addresses that the Ingresses tell. */}}
{{- define "thumbs.settings" -}}
{{- $settings := dict }}
{{- if .Values.ingress.enabled }}
{{- range $name, $variable := dict "receiver" "PUBLIC_URL" "review" "REVIEW_URL" "beacon" "BEACON_URL" }}
{{- with (index $.Values.ingress $name).host }}
{{- $_ := set $settings $variable (printf "https://%s" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $variable, $value := .Values.settings }}
{{- $_ := set $settings $variable (include "thumbs.text" $value) }}
{{- end }}
{{- toYaml $settings }}
{{- end }}

{{/* What a program is told beside that, by variable: the chart's own part, then its own settings. Takes: root, name, program. */}}
{{- define "thumbs.variables" -}}
{{- $own := dict "SECRETS_DIR" "/etc/thumbs/secrets" "ACCOUNT_SECRETS" .program.accountSecrets }}
{{- with .program.metricsPort }}
{{- $own = merge $own (dict "METRICS_HOST" "0.0.0.0" "METRICS_PORT" (toString .)) }}
{{- end }}
{{- if .program.looksAtVideos }}
{{- $_ := set $own "WORK_DIR" "/var/lib/thumbs" }}
{{- end }}
{{- $own = merge $own (.program.listens | default dict) }}
{{- range $variable, $value := (index .root.Values.programs .name).settings }}
{{- $_ := set $own $variable (include "thumbs.text" $value) }}
{{- end }}
{{- toYaml $own }}
{{- end }}

{{/* A setting as a program is given it; the default where values have none. Takes: root, name, variable, default. */}}
{{- define "thumbs.setting" -}}
{{- $given := merge (dict) (index .root.Values.programs .name).settings .root.Values.settings }}
{{- include "thumbs.text" (dig .variable (.default | default "") $given) }}
{{- end }}

{{/* ANALYZE_CONCURRENCY: how many videos a pod has at once. Takes: root, name. */}}
{{- define "thumbs.concurrency" -}}
{{- include "thumbs.setting" (dict "root" .root "name" .name "variable" "ANALYZE_CONCURRENCY" "default" 2) }}
{{- end }}

{{/* Bytes that downloads may take at once: MAX_DOWNLOAD_BYTES for each of ANALYZE_CONCURRENCY videos. Takes: root, name. */}}
{{- define "thumbs.downloadBytes" -}}
{{- $largest := include "thumbs.setting" (dict "root" .root "name" .name "variable" "MAX_DOWNLOAD_BYTES" "default" 21474836480) }}
{{- mul (int64 $largest) (include "thumbs.concurrency" . | int64) }}
{{- end }}

{{/* Stops with a sentence where values cannot work, and the schema cannot tell. */}}
{{- define "thumbs.check" -}}
{{- $secret := "(SECRET|PASSWORD|TOKEN|ACCESS_KEY|API_KEY|PRIVATE_KEY|TOKEN_KEY)(_PREVIOUS)?$|^(DATABASE|DATABASE_DIRECT|REDIS)_URL$" }}
{{- $ours := list "SECRETS_DIR" "ACCOUNT_SECRETS" "HOST" "PORT" "REVIEW_HOST" "REVIEW_PORT" "BEACON_HOST" "BEACON_PORT" "METRICS_HOST" "METRICS_PORT" "WORK_DIR" }}
{{- $places := dict "settings" .Values.settings }}
{{- range $name, $values := .Values.programs }}
{{- $_ := set $places (printf "programs.%s.settings" $name) $values.settings }}
{{- end }}
{{- range $place, $settings := $places }}
{{- range $variable, $_ := $settings }}
{{- if regexMatch $secret $variable }}
{{- fail (printf "%s.%s: this is a secret; make it the key %s of the Secret of each program that needs it (docs/kubernetes.md)" $place $variable (lower $variable)) }}
{{- end }}
{{- if has $variable $ours }}
{{- fail (printf "%s.%s: the chart sets this itself; remove it" $place $variable) }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.ingress.enabled }}
{{- $hosts := list }}
{{- range list "receiver" "review" "beacon" }}
{{- with (index $.Values.ingress .).host }}{{ $hosts = append $hosts . }}{{ end }}
{{- end }}
{{- if not $hosts }}
{{- fail "ingress: name a host, for example ingress.receiver.host, or set enabled to false" }}
{{- end }}
{{- if ne (len $hosts) (len (uniq $hosts)) }}
{{- fail "ingress: receiver, review and beacon need a host each, so that no cookie of the pages goes to another (docs/proxy.md)" }}
{{- end }}
{{- end }}
{{- range $name, $values := .Values.programs }}
{{- range $key := list "hpa" "scaling" }}
{{- with index $values $key }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- fail (printf "programs.%s.%s: minReplicas is above maxReplicas" $name $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- include "thumbs.checkBucket" . }}
{{- if and .Values.keda.enabled (not .Values.keda.databaseSecret.name) }}
{{- fail "keda.databaseSecret.name: name the Secret with the address of the database for the scaler (docs/kubernetes.md)" }}
{{- end }}
{{- end }}

{{/* Stops with a sentence where no NetworkPolicy would let a program reach the bucket. */}}
{{- define "thumbs.checkBucket" -}}
{{- $policy := .Values.networkPolicies.bucket }}
{{- if and .Values.networkPolicies.enabled .Values.settings.BUCKET_URL }}
{{- $address := urlParse (.Values.settings.BUCKET_ENDPOINT_URL | default "https://amazonaws.com") }}
{{- $port := regexFind ":[0-9]+$" $address.host | trimPrefix ":" | default (eq $address.scheme "http" | ternary 80 443) | int }}
{{- $open := list }}
{{- range $policy.ports }}{{ $open = append $open (int .) }}{{ end }}
{{- if not (has $port $open) }}
{{- fail (printf "networkPolicies.bucket.ports: add %d, the port of BUCKET_ENDPOINT_URL" $port) }}
{{- end }}
{{- $isNear := regexMatch "^[^.:]+$|\\.svc(\\.|$)|^(10|127|192\\.168|172\\.(1[6-9]|2[0-9]|3[01]))\\.[0-9.]+$" $address.hostname }}
{{- if and $isNear (not $policy.to) }}
{{- fail (printf "networkPolicies.bucket.to: say where %s is; without it, programs reach a bucket in the internet only" $address.hostname) }}
{{- end }}
{{- end }}
{{- end }}
