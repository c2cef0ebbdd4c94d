-- All schedules: the first part of a statement whose second is schedules.sql.
with found as materialized (select s.*, s.name as place from windlass.schedule s),
