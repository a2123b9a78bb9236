{{/* What the operator may do in the namespaces that it serves. It reads no Secret, and nothing but by list and watch. */}}
{{- define "troupe.operatorRules" -}}
# What people write.
- apiGroups: [troupe.dev]
  resources: [models, tools, mcpservers, prompttemplates, agents, teams, workflows, runtimes]
  verbs: [list, watch]
# A namespace's Runtime comes with its first Agent, Team or Workflow.
- apiGroups: [troupe.dev]
  resources: [runtimes]
  verbs: [create]
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
# Workloads of runtimes and MCP servers. Server-side apply asks for `create` where the object is new, else for `patch`. The
# admission policies say which objects of these kinds: those that it made, under its names.
- apiGroups: [""]
  resources: [serviceaccounts, services]
  verbs: [list, watch, create, patch, delete]
# Data is never deleted by the operator.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, watch, create, patch]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch, delete]
# Rights of runtimes.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [list, watch]
# The Role of exactly the Secrets that a namespace's resources name. Kubernetes lets nobody grant what they do not have:
# without `escalate` and `bind` the operator would have to read every Secret itself. The admission policies say what the Role
# may hold.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles]
  resourceNames: [troupe-runtime-secrets]
  verbs: [create, patch, delete, escalate, bind]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  resourceNames: [troupe-runtime, troupe-runtime-secrets]
  verbs: [create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [clusterroles]
  resourceNames: [troupe-runtime]
  verbs: [bind]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
