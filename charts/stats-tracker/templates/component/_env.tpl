{{- define "stats-tracker.component.env" -}}
- name: SPIN_VARIABLE_GITHUB_URL
  value: {{ .Values.github.url | quote }}
- name: SPIN_VARIABLE_CONTACT
  value: {{ .Values.github.contact | default "" | quote }}
- name: SPIN_VARIABLE_PAGE_TIMEOUT
  value: {{ .Values.github.pageTimeout | quote }}
{{- if eq .Values.component.mode "runtimeClass" }}
# By default Spin listens on the loopback interface, on a port that only root may use.
- name: SPIN_HTTP_LISTEN_ADDR
  value: 0.0.0.0:3000
{{- end }}
{{- end -}}

{{/* Whether an autoscaler sets the number of replicas: then the chart must not set it. */}}
{{- define "stats-tracker.component.scaled" -}}
{{- if or .Values.component.autoscaling.enabled .Values.component.scaleToZero.enabled }}true{{ end -}}
{{- end -}}

{{/* The resources of the component's pods. Spin does not stop a guest in an endless loop, so that its pods always have a CPU limit. */}}
{{- define "stats-tracker.component.resources" -}}
{{- $resources := deepCopy (.Values.component.resources | default dict) }}
{{- if ne .Values.component.mode "container" }}
{{- $resources = mergeOverwrite (dict "limits" (dict "cpu" "1")) $resources }}
{{- end }}
{{- toYaml $resources }}
{{- end -}}
