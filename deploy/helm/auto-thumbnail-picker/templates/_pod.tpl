{{/* The pod of a program. Takes: root, name, program. */}}
{{- define "thumbs.pod" -}}
{{- $values := index .root.Values.programs .name -}}
metadata:
  labels:
    {{- include "thumbs.labels" . | nindent 4 }}
  annotations:
    # Pods are made anew where settings change; after a change of a Secret, see docs/kubernetes.md.
    checksum/settings: {{ include "thumbs.settings" .root | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  # As `init` in docker-compose.yml: the program is not process 1, so that it can be ended while it still starts.
  shareProcessNamespace: true
  # The address of a Service named "review" would otherwise be taken for the setting REVIEW_PORT.
  enableServiceLinks: false
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- range $key := list "runtimeClassName" "priorityClassName" "nodeSelector" "tolerations" "affinity" }}
  {{- with index $values $key }}
  {{ $key }}: {{ toJson . }}
  {{- end }}
  {{- end }}
  terminationGracePeriodSeconds: {{ if .program.looksAtVideos }}45{{ else }}30{{ end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- if .program.isOver }}
  restartPolicy: Never
  {{- else }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "thumbs.selector" . | nindent 10 }}
  {{- end }}
  containers:
    - name: {{ .name }}
      image: {{ include "thumbs.image" . | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: {{ toJson .program.command }}
      {{- if not .program.isOver }}
      envFrom:
        - configMapRef: {name: {{ include "thumbs.name" (dict "root" .root "name" "settings") }}}
      {{- end }}
      env:
        {{- $variables := include "thumbs.variables" . | fromYaml }}
        {{- if .program.isOver }}
        {{- /* It runs before the ConfigMap of a first installation is there. */}}
        {{- $variables = merge $variables (include "thumbs.settings" .root | fromYaml) }}
        {{- end }}
        {{- range $variable, $value := $variables }}
        - {name: {{ $variable }}, value: {{ $value | quote }}}
        {{- end }}
      {{- with include "thumbs.probes" . }}
      {{- . | nindent 6 }}
      {{- end }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: secrets, mountPath: /etc/thumbs/secrets, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if .program.looksAtVideos }}
        - {name: downloads, mountPath: /var/lib/thumbs}
        {{- if $values.modelsVolume }}
        - {name: models, mountPath: /models, readOnly: true}
        {{- end }}
        {{- end }}
  volumes:
    - name: secrets
      secret: {secretName: {{ include "thumbs.secret" . }}, defaultMode: 0440}
    {{- if .program.looksAtVideos }}
    - name: tmp
      emptyDir: {sizeLimit: 512Mi}
    - name: downloads
      {{- if $values.downloadsVolume }}
      {{- toYaml $values.downloadsVolume | nindent 6 }}
      {{- else }}
      # MAX_DOWNLOAD_BYTES for each of ANALYZE_CONCURRENCY videos.
      emptyDir: {sizeLimit: {{ include "thumbs.downloadBytes" . | quote }}}
      {{- end }}
    {{- with $values.modelsVolume }}
    - name: models
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- else }}
    - name: tmp
      emptyDir: {medium: Memory, sizeLimit: 64Mi}
    {{- end }}
{{- end }}

{{/*
The ports and probes of a program. Takes: root, name, program.

What answers requests is killed when it does not answer. A worker or a dispatcher that hangs ends itself, with
exit code 70 (docs/operate.md), and a model at work may keep its numbers waiting: so these are never killed by a probe.
*/}}
{{- define "thumbs.probes" -}}
{{- if not .program.isOver -}}
ports:
  {{- with .program.port }}
  - {name: http, containerPort: {{ . }}}
  {{- end }}
  {{- with .program.metricsPort }}
  - {name: metrics, containerPort: {{ . }}}
  {{- end }}
# A model of several gigabytes takes minutes to load; whoever asks too early only asks again.
{{- $alive := dict "path" .program.alive "port" "http" }}
startupProbe:
  httpGet: {{ .program.started | default (ternary $alive .program.probe (hasKey .program "alive")) | toJson }}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 300
{{- if .program.alive }}
livenessProbe:
  httpGet: {{ toJson $alive }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}
readinessProbe:
  httpGet: {{ toJson .program.probe }}
  periodSeconds: 10
  timeoutSeconds: 5
{{- if .program.port }}
lifecycle:
  # Until all proxies know that the pod is going, requests still come.
  preStop: {exec: {command: [sleep, "5"]}}
{{- end }}
{{- end }}
{{- end }}
