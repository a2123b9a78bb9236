{{/* What the operator may do in the namespaces that it serves. It reads no Secret. */}}
{{- define "troupe.operatorRules" -}}
- apiGroups: [troupe.dev]
  resources: [models, tools, mcpservers, prompttemplates, agents, teams, workflows, runtimes]
  verbs: [get, list, watch]
- apiGroups: [troupe.dev]
  resources:
    - models/status
    - tools/status
    - mcpservers/status
    - prompttemplates/status
    - agents/status
    - teams/status
    - workflows/status
    - runtimes/status
  verbs: [patch]
# A namespace's Runtime comes with its first Agent, Team or Workflow.
- apiGroups: [troupe.dev]
  resources: [runtimes]
  verbs: [create]
# What is made is owned by these, and goes with them.
- apiGroups: [troupe.dev]
  resources: [runtimes/finalizers, mcpservers/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [serviceaccounts, services, persistentvolumeclaims]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch]
# The Role of exactly the Secrets that a namespace's resources name. Without `escalate` the operator would have to read
# every Secret itself; the admission policies say what the Role may hold.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles]
  resourceNames: [troupe-runtime-secrets]
  verbs: [create, patch, delete, escalate, bind]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  resourceNames: [troupe-runtime, troupe-runtime-secrets]
  verbs: [create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
