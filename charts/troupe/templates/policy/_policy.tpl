{{/* A binding that enforces a policy: (dict "root" $ "name" "…"). */}}
{{- define "troupe.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ .name }}
  labels:
    {{- include "troupe.shared" .root | nindent 4 }}
spec:
  policyName: {{ .name }}
  validationActions: [Deny]
{{- end -}}

{{/* Who a policy of the operator is about. */}}
{{- define "troupe.policyOfOperator" -}}
- name: operator
  expression: request.userInfo.username == {{ include "troupe.operatorUser" . | squote }}
{{- end -}}

{{/* Whether an expression's object carries the operator's label. */}}
{{- define "troupe.policyLabelled" -}}
has({{ . }}.metadata.labels) && 'app.kubernetes.io/managed-by' in {{ . }}.metadata.labels &&
{{ . }}.metadata.labels['app.kubernetes.io/managed-by'] == 'troupe-operator'
{{- end -}}
