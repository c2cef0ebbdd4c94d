-- Moves the source :name to the position of :cursor, :number and :generation at the moment :now, notes the number :head with which its feed
-- ends, and counts what was :imported, :repeated and :dropped. Where there is a reason to :stop it stops, and goes on at :then_cursor,
-- :then_number and :then_generation. Records from the number :disowned on are not believed in that lie above the feed's head.
update windlass_source set
  cursor = :cursor, number = :number, generation = :generation, head = coalesce(:head, head),
  imported = imported + :imported, repeated = repeated + :repeated, dropped = dropped + :dropped,
  imported_at = :now, polled_at = :now, error = null, failures = 0,
  state = case when :stop is null then state else 'stopped' end,
  reason = coalesce(:stop, reason),
  changed_at = case when :stop is null then changed_at else :now end,
  then_cursor = :then_cursor, then_number = :then_number, then_generation = :then_generation,
  disowned = :disowned
where name = :name
