-- Changes a schedule that still is at the revision which was seen.
--   what it is: :name :rule :zone :on_missed :on_overlap :kind :version :queue :priority :max_attempts :args :meta
--   who says so: :owner, and :changed_by, null where nobody changed anything · :now the moment
--   what is declared: :declared :declared_owner :declared_by :declared_at, and before: :replaced :replaced_owner
--   :replaced_by :replaced_at · :is_contested whether a replaced declaration came back
--   :from_now whether due times count from now · :seen the revision
update windlass_schedule
set rule = :rule, zone = :zone, on_missed = :on_missed, on_overlap = :on_overlap, kind = :kind, version = :version,
    queue = :queue, priority = :priority, max_attempts = :max_attempts, args = :args, meta = :meta, owner = :owner,
    changed_by = coalesce(:changed_by, changed_by), changed_at = case when :changed_by is null then changed_at else :now end,
    declared = :declared, declared_owner = :declared_owner, declared_by = :declared_by, declared_at = :declared_at,
    replaced = :replaced, replaced_owner = :replaced_owner, replaced_by = :replaced_by, replaced_at = :replaced_at,
    contested_at = case when :is_contested then :now else contested_at end,
    from_at = case when :from_now then :now else from_at end,
    next_at = case when not :from_now then next_at when paused_at is null then 0 else 9223372036854775807 end,
    removed_at = case when not :from_now then removed_at end,
    error = case when not :from_now then error end,
    skipped = skipped + (:from_now and queued_due_at is not null),
    queued_due_at = case when not :from_now then queued_due_at end,
    revision = revision + 1
where name = :name and revision = :seen
