"""The distribution matrix: YAML to rows with line marks, and the pure choice of a row for a host and an ask."""
