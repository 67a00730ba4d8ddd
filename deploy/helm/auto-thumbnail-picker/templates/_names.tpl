{{/* The name of everything that belongs to a program. Takes: root, name. */}}
{{- define "thumbs.name" -}}
{{- printf "%s-%s" (.root.Release.Name | trunc 40 | trimSuffix "-") .name }}
{{- end }}

{{/* The labels by which pods of a program are found. Takes: root, name. */}}
{{- define "thumbs.selector" -}}
app.kubernetes.io/name: auto-thumbnail-picker
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/* All labels of something that belongs to a program. Takes: root, name. */}}
{{- define "thumbs.labels" -}}
{{ include "thumbs.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}
