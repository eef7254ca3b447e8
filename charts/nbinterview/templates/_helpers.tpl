{{/* Labels of every object; `.` is the root. No names of people, ever. */}}
{{- define "nbinterview.labels" -}}
app.kubernetes.io/part-of: nbinterview
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* One image: (dict "image" VALUES "root" $). No tag: the chart's own version. */}}
{{- define "nbinterview.image" -}}
{{ .image.name }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* What holds a container of ours to Pod Security `restricted`, and a little more. */}}
{{- define "nbinterview.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* OnRootMismatch: every later mount leaves the key's file readable by its owner alone. */}}
{{- define "nbinterview.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* Where the other parts are: (dict "root" $ "port" its own). */}}
{{- define "nbinterview.env" -}}
{{- $root := .root }}
- { name: NBINTERVIEW_PROFILE, value: kubernetes }
- { name: NBINTERVIEW_HOME, value: /var/lib/nbinterview }
- { name: NBINTERVIEW_PUBLIC_URL, value: {{ $root.Values.publicUrl | quote }} }
- { name: NBINTERVIEW_BIND, value: "0.0.0.0" }
- name: NBINTERVIEW_HUB_API
  value: {{ printf "http://%s.%s.svc:%d/hub/api" $root.Values.hub.service $root.Release.Namespace (int $root.Values.hub.port) | quote }}
- name: NBINTERVIEW_SERVICE_API
  value: {{ printf "http://nbinterview-service.%s.svc:%d/services/nbinterview/api/v1" $root.Release.Namespace (int $root.Values.service.port) | quote }}
- { name: NBINTERVIEW_SERVICE_PORT, value: {{ $root.Values.service.port | quote }} }
- { name: NBINTERVIEW_REPORT_PORT, value: {{ $root.Values.report.port | quote }} }
- { name: NBINTERVIEW_PROXY_HOPS, value: {{ $root.Values.service.proxyHops | quote }} }
- { name: PYTHONUNBUFFERED, value: "1" }
- { name: HOME, value: /tmp }
{{- end }}

{{/* Egress to the cluster's names. */}}
{{- define "nbinterview.dnsEgress" -}}
- to:
    - namespaceSelector: { matchLabels: {{ toJson .Values.network.dns.namespaceLabels }} }
      podSelector: { matchLabels: {{ toJson .Values.network.dns.podLabels }} }
  ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end }}

{{/* A namespace by its name, as every cluster labels it. */}}
{{- define "nbinterview.namespaceSelector" -}}
namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: {{ . | quote }} } }
{{- end }}
