{{/* Names, labels and images: what several templates say alike. */}}

{{- define "troupe.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "troupe.labels" -}}
{{ include "troupe.shared" . }}
app.kubernetes.io/name: {{ include "troupe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels without a name: of what is not the operator's pod. */}}
{{- define "troupe.shared" -}}
app.kubernetes.io/part-of: troupe
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "troupe.selector" -}}
app.kubernetes.io/name: {{ include "troupe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* An image: (dict "root" $ "image" .Values.operator.image). Empty where it has no name. */}}
{{- define "troupe.image" -}}
{{- $image := .image -}}
{{- if $image.repository -}}
{{- with .root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .root.Chart.AppVersion $image.tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The user name of the operator's account, as the API server knows it. */}}
{{- define "troupe.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:troupe-operator
{{- end -}}

{{/* Who may have tokens reviewed: kept by the operator, or by the chart where namespaces are named. Two names, since each would
otherwise find subjects that the other owns. */}}
{{- define "troupe.reviewerBinding" -}}
troupe-runtime-reviewer{{ if .Values.operator.watchNamespaces }}-named{{ end }}
{{- end -}}
