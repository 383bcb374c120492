{{- define "stats-tracker.database.files" -}}
{{- range $file := list "database.sql" "make-users.sh" "pg_hba.conf" "start-database.sh" }}
{{ $file }}: |
  {{- $.Files.Get (printf "files/%s" $file) | nindent 2 }}
{{- end }}
{{- end -}}
