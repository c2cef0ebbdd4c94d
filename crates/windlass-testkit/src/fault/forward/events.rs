//! Verbs of events and of what comes of them, handed on.

macro_rules! forward_of_events {
    (publish) => {
        fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
            self.store.publish(events, now)
        }
    };
    (sequence) => {
        fn sequence(&self, most: usize, now: Now) -> Reply<'_, u64> {
            self.store.sequence(most, now)
        }
    };
    (events) => {
        fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
            self.store.events(after, most)
        }

        $crate::fault::forward::forward_one!(events_by_name);
        $crate::fault::forward::forward_one!(event_heads);
        $crate::fault::forward::forward_one!(keep_events);
    };
    (event_heads) => {
        fn event_heads(&self, after: u64, most: usize) -> Reply<'_, Vec<EventHead>> {
            self.store.event_heads(after, most)
        }

        fn event_log(&self) -> Reply<'_, LogRecord> {
            self.store.event_log()
        }
    };
    (keep_events) => {
        fn keep_events(&self, keep: Keep) -> Reply<'_, ()> {
            self.store.keep_events(keep)
        }
    };
    (events_by_name) => {
        fn event(&self, id: EventId) -> Reply<'_, Option<EventRecord>> {
            self.store.event(id)
        }

        fn events_at<'a>(&'a self, positions: &'a [u64]) -> Reply<'a, Vec<EventRecord>> {
            self.store.events_at(positions)
        }

        fn events_of_tree(&self, root: JobId, most: usize) -> Reply<'_, Vec<EventRecord>> {
            self.store.events_of_tree(root, most)
        }

        fn await_events(&self, worker: WorkerId) -> Reply<'_, bool> {
            self.store.await_events(worker)
        }

        fn renew_log(&self, now: Now) -> Reply<'_, u64> {
            self.store.renew_log(now)
        }
    };
    (tokens) => {
        fn add_token<'a>(&'a self, token: &'a Token, now: Now) -> Reply<'a, bool> {
            self.store.add_token(token, now)
        }

        fn token(&self, digest: TokenDigest) -> Reply<'_, Option<TokenRecord>> {
            self.store.token(digest)
        }

        fn tokens(&self) -> Reply<'_, Vec<TokenRecord>> {
            self.store.tokens()
        }

        fn remove_token<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.remove_token(name)
        }
    };
    (users) => {
        fn add_user<'a>(&'a self, user: &'a User, now: Now) -> Reply<'a, bool> {
            self.store.add_user(user, now)
        }

        fn user<'a>(&'a self, name: &'a str) -> Reply<'a, Option<UserRecord>> {
            self.store.user(name)
        }

        fn users(&self) -> Reply<'_, Vec<UserRecord>> {
            self.store.users()
        }

        fn change_user<'a>(&'a self, name: &'a str, change: &'a UserChange) -> Reply<'a, bool> {
            self.store.change_user(name, change)
        }

        fn remove_user<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.remove_user(name)
        }

        fn start_session<'a>(&'a self, session: &'a Session<'a>, now: Now) -> Reply<'a, bool> {
            self.store.start_session(session, now)
        }

        fn change_own_password<'a>(
            &'a self,
            change: &'a OwnPassword<'a>,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.change_own_password(change, now)
        }

        fn session(&self, digest: TokenDigest) -> Reply<'_, Option<SessionRecord>> {
            self.store.session(digest)
        }

        fn use_session(&self, digest: TokenDigest, now: Now) -> Reply<'_, ()> {
            self.store.use_session(digest, now)
        }

        fn end_session(&self, digest: TokenDigest) -> Reply<'_, bool> {
            self.store.end_session(digest)
        }

        fn end_sessions<'a>(&'a self, name: &'a str) -> Reply<'a, u64> {
            self.store.end_sessions(name)
        }
    };
    (idempotency) => {
        fn begin_request(&self, request: KeyedRequest, now: Now) -> Reply<'_, Begun> {
            self.store.begin_request(request, now)
        }

        fn end_request<'a>(&'a self, request: KeyedRequest, end: &'a RequestEnd) -> Reply<'a, ()> {
            self.store.end_request(request, end)
        }
    };
    (audit) => {
        fn add_act<'a>(&'a self, act: &'a Act, now: Now) -> Reply<'a, Entry> {
            self.store.add_act(act, now)
        }

        fn acts<'a>(&'a self, wanted: &'a EntriesWanted) -> Reply<'a, Vec<Entry>> {
            self.store.acts(wanted)
        }

        fn acts_after(&self, number: u64, limit: usize) -> Reply<'_, Vec<Entry>> {
            self.store.acts_after(number, limit)
        }

        fn audit_start(&self) -> Reply<'_, (u64, EntryDigest)> {
            self.store.audit_start()
        }
    };
    (edit) => {
        fn edit<'a>(
            &'a self,
            edit: &'a Edit,
            expected: &'a Expected,
            now: Now,
        ) -> Reply<'a, Edited> {
            self.store.edit(edit, expected, now)
        }
    };
    (operations) => {
        fn preview_operation<'a>(
            &'a self,
            new: &'a NewOperation,
            samples: usize,
            now: Now,
        ) -> Reply<'a, Preview> {
            self.store.preview_operation(new, samples, now)
        }

        fn start_operation<'a>(
            &'a self,
            new: &'a NewOperation,
            now: Now,
        ) -> Reply<'a, OperationRecord> {
            self.store.start_operation(new, now)
        }

        fn operation(&self, id: OperationId) -> Reply<'_, Option<OperationRecord>> {
            self.store.operation(id)
        }

        fn operations(
            &self,
            before: Option<OperationId>,
            limit: usize,
        ) -> Reply<'_, Vec<OperationRecord>> {
            self.store.operations(before, limit)
        }

        fn operation_round(&self, which: Which, most: usize, now: Now) -> Reply<'_, Round> {
            self.store.operation_round(which, most, now)
        }

        fn control_operation(
            &self,
            id: OperationId,
            control: Control,
            now: Now,
        ) -> Reply<'_, Controlled> {
            self.store.control_operation(id, control, now)
        }
    };
    (stats) => {
        fn put_stats_part<'a>(&'a self, part: &'a StatsPart, now: Now) -> Reply<'a, ()> {
            self.store.put_stats_part(part, now)
        }

        $crate::fault::forward::forward_one!(rows_of_stats);
    };
    (rows_of_stats) => {
        fn stats_parts(&self, most: usize, kept: Kept, now: Now) -> Reply<'_, PartsSeen> {
            self.store.stats_parts(most, kept, now)
        }

        fn stats_rows<'a>(&'a self, ask: &'a StatsAsk, now: Now) -> Reply<'a, StatsRows> {
            self.store.stats_rows(ask, now)
        }

        fn fold_stats<'a>(&'a self, fold: &'a Fold) -> Reply<'a, bool> {
            self.store.fold_stats(fold)
        }
    };
    (alerts) => {
        fn alerts(&self) -> Reply<'_, Alerts> {
            self.store.alerts()
        }

        fn alert<'a>(&'a self, changes: &'a [AlertChange], seen: u64, now: Now) -> Reply<'a, bool> {
            self.store.alert(changes, seen, now)
        }

        fn mute_alerts<'a>(&'a self, mute: &'a Mute, now: Now) -> Reply<'a, ()> {
            self.store.mute_alerts(mute, now)
        }

        fn unmute_alerts<'a>(&'a self, name: &'a MuteName) -> Reply<'a, bool> {
            self.store.unmute_alerts(name)
        }

        fn declare_mutes<'a>(&'a self, kinds: &'a [String], now: Now) -> Reply<'a, ()> {
            self.store.declare_mutes(kinds, now)
        }
    };
    (subscriptions) => {
        fn put_subscription<'a>(
            &'a self,
            name: &'a str,
            definition: &'a Subscription,
            start: Start,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.put_subscription(name, definition, start, now)
        }

        fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.remove_subscription(name)
        }

        $crate::fault::forward::forward_one!(pauses_of_subscriptions);
    };
    (pauses_of_subscriptions) => {
        fn pause_subscription<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
            self.store.pause_subscription(name, now)
        }

        fn resume_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.resume_subscription(name)
        }

        $crate::fault::forward::forward_one!(requests);

        fn subscriptions(&self) -> Reply<'_, Subscriptions> {
            self.store.subscriptions()
        }
    };
    (requests) => {
        fn subscription_requests(&self, most: usize) -> Reply<'_, Vec<SubscriptionRequest>> {
            self.store.subscription_requests(most)
        }

        fn answer_request<'a>(
            &'a self,
            nth: u64,
            answer: &'a RequestAnswer,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.answer_request(nth, answer, now)
        }
    };
    (route) => {
        fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
            self.store.route(slice, now)
        }

        $crate::fault::forward::forward_one!(closing);
        $crate::fault::forward::forward_one!(feeding);
    };
    (closing) => {
        fn close_windows<'a>(&'a self, closing: &'a Closing, now: Now) -> Reply<'a, bool> {
            self.store.close_windows(closing, now)
        }
    };
    (feeding) => {
        fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>> {
            self.store.unfinished(counted)
        }

        $crate::fault::forward::forward_one!(gaps);
    };
    (gaps) => {
        fn gaps(&self) -> Reply<'_, Vec<GapRecord>> {
            self.store.gaps()
        }

        fn have_jobs<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<bool>> {
            self.store.have_jobs(jobs)
        }

        fn due_windows<'a>(
            &'a self,
            except: &'a [u32],
            most: usize,
            now: Now,
        ) -> Reply<'a, DueWindows> {
            self.store.due_windows(except, most, now)
        }

        fn windows(&self, number: u32) -> Reply<'_, Vec<EventWindow>> {
            self.store.windows(number)
        }
    };
    (sources) => {
        fn declare_source<'a>(&'a self, name: &'a str, about: &'a str, now: Now) -> Reply<'a, ()> {
            self.store.declare_source(name, about, now)
        }

        fn hold_source<'a>(&'a self, hold: &'a Hold, now: Now) -> Reply<'a, Holding> {
            self.store.hold_source(hold, now)
        }

        fn let_go_of_source<'a>(&'a self, name: &'a str, epoch: u64) -> Reply<'a, ()> {
            self.store.let_go_of_source(name, epoch)
        }

        fn sources(&self) -> Reply<'_, Vec<SourceRecord>> {
            self.store.sources()
        }

        fn source<'a>(&'a self, name: &'a str) -> Reply<'a, Option<SourceRecord>> {
            self.store.source(name)
        }

        fn source_gaps<'a>(&'a self, name: &'a str, most: usize) -> Reply<'a, Vec<SourceGap>> {
            self.store.source_gaps(name, most)
        }

        fn close_source_gaps<'a>(
            &'a self,
            name: &'a str,
            event: Option<EventId>,
            now: Now,
        ) -> Reply<'a, u64> {
            self.store.close_source_gaps(name, event, now)
        }

        fn pause_source<'a>(
            &'a self,
            name: &'a str,
            note: Option<&'a str>,
            now: Now,
        ) -> Reply<'a, bool> {
            self.store.pause_source(name, note, now)
        }

        fn resume_source<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
            self.store.resume_source(name, now)
        }

        fn reset_source<'a>(&'a self, name: &'a str, to: Reset<'a>, now: Now) -> Reply<'a, bool> {
            self.store.reset_source(name, to, now)
        }

        fn remove_source<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
            self.store.remove_source(name)
        }

        fn quarantined<'a>(
            &'a self,
            name: &'a str,
            after: u64,
            most: usize,
        ) -> Reply<'a, Vec<QuarantineRecord>> {
            self.store.quarantined(name, after, most)
        }

        fn release_quarantined<'a>(
            &'a self,
            name: &'a str,
            released: &'a [Release],
            now: Now,
        ) -> Reply<'a, Vec<bool>> {
            self.store.release_quarantined(name, released, now)
        }
    };
    (import) => {
        fn import<'a>(&'a self, page: &'a ImportPage, now: Now) -> Reply<'a, Imported> {
            self.store.import(page, now)
        }
    };
}

pub(crate) use forward_of_events;
