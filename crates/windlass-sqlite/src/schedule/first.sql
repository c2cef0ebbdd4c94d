-- Writes a schedule, unless there is one of its name.
--   what it is: :name :rule :zone :on_missed :on_overlap :kind :version :queue :priority :max_attempts :args :meta
--   who says so: :owner :changed_by · :now the moment
--   what is declared: :declared :declared_owner :declared_by :declared_at, and before: :replaced :replaced_owner
--   :replaced_by :replaced_at · :is_contested :from_now and :seen mean something for a change alone
insert into windlass_schedule
  (name, rule, zone, on_missed, on_overlap, kind, version, queue, priority, max_attempts, args, meta, owner, changed_by,
   changed_at, declared, declared_owner, declared_by, declared_at, replaced, replaced_owner, replaced_by, replaced_at,
   from_at, next_at, revision)
select :name, :rule, :zone, :on_missed, :on_overlap, :kind, :version, :queue, :priority, :max_attempts, :args, :meta, :owner,
       :changed_by, :now, :declared, :declared_owner, :declared_by, :declared_at, :replaced, :replaced_owner, :replaced_by,
       :replaced_at, :now, 0, :now
where :seen is null and not :is_contested and :from_now
on conflict (name) do nothing
