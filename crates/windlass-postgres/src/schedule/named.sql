-- One schedule: the first part of a statement whose second is schedules.sql.
--   $1 text    its name
with found as materialized (select s.*, s.name as place from windlass.schedule s where s.name = $1::text),
