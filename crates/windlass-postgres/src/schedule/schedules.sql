-- The columns of the schedules found, and whether the last job of each has not ended; the last one is what the first part
-- calls the place. Running jobs are read out of their leases once, and only if some job is neither waiting nor known as
-- finished. All of it is one snapshot, in which each job is in one place.
running as materialized (
  select r.id from windlass.running_job r where r.id in (select last_job from found)
)
select name, rule, zone, on_missed, on_overlap, kind, version, queue, priority, max_attempts, args, meta,
       owner, changed_by, changed_at, declared, declared_owner, declared_by, declared_at,
       replaced, replaced_owner, replaced_by, replaced_at, contested_at, paused_at, note, removed_at,
       from_at, next_at, queued_due_at, last_due_at, last_job, fired, skipped, missed, error, revision,
       case when last_job is null then false
            when exists (select from windlass.pending p where p.id = last_job) then true
            when exists (select from windlass.finished e where e.id = last_job) then false
            else last_job in (select id from running) end,
       place
from found
order by place, next_at
