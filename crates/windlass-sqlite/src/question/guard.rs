//! What a question may do: read the views, and what these read.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use windlass_core::question::{Unanswered, View};

/// Tables that are functions of their arguments.
const FUNCTIONS: [&str; 2] = ["json_each", "json_tree"];

/// Tables with the columns that are read of them.
type Columns = HashSet<(String, String)>;

/// What may be read.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    views: Vec<String>,
    /// Tables that SQLite itself has.
    own: HashSet<String>,
    inside: Columns,
}

/// What was denied first.
#[derive(Debug, Clone, Default)]
pub(super) struct Denied(Arc<Mutex<Option<Unanswered>>>);

impl Denied {
    fn note(&self, why: Unanswered) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    pub(super) fn found(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn take(&self) -> Unanswered {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        found.unwrap_or_else(|| Unanswered::Refused("that may not be asked".to_owned()))
    }
}

/// The columns that the views read, whatever is asked of them.
pub(super) fn read_by(connection: &mut Connection, views: &[View]) -> rusqlite::Result<Columns> {
    let read: Arc<Mutex<Columns>> = Arc::default();
    let noted = Arc::clone(&read);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if let AuthAction::Read { table_name, column_name } = context.action {
            let column = (table_name.to_owned(), column_name.to_owned());
            noted.lock().unwrap_or_else(PoisonError::into_inner).insert(column);
        }
        Authorization::Allow
    }))?;
    for view in views {
        drop(connection.prepare(&format!("select * from {}", view.name))?);
    }
    Ok(std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner)))
}

impl Guard {
    pub(super) fn of(views: Vec<String>, connection: &Connection) -> rusqlite::Result<Self> {
        let mut modules = connection.prepare("select lower(name) from pragma_module_list")?;
        let own = modules.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Self { views, own, inside: Columns::new() })
    }

    pub(super) fn with(self, inside: Columns) -> Self {
        Self { inside, ..self }
    }

    /// Guards a connection from now on.
    pub(super) fn watch(&self, connection: &mut Connection) -> rusqlite::Result<Denied> {
        let (guard, denied) = (self.clone(), Denied::default());
        let noted = denied.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            match guard.refuses(context.action) {
                None => Authorization::Allow,
                Some(why) => {
                    noted.note(why);
                    Authorization::Deny
                }
            }
        }))?;
        Ok(denied)
    }

    fn refuses(&self, action: AuthAction<'_>) -> Option<Unanswered> {
        let refused = |what: String| Some(Unanswered::Refused(what));
        match action {
            AuthAction::Select | AuthAction::Recursive => None,
            AuthAction::Function { function_name } if function_name != "load_extension" => None,
            AuthAction::Function { function_name } => {
                refused(format!("the function {function_name} may not be called"))
            }
            AuthAction::Read { table_name, column_name } => {
                let may = self.views.iter().any(|view| view == table_name)
                    || FUNCTIONS.contains(&table_name)
                    || self.inside.contains(&(table_name.to_owned(), column_name.to_owned()))
                    || (column_name.is_empty() && !self.is_own(table_name));
                (!may).then(|| Unanswered::NotAView(table_name.to_owned()))
            }
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. }
            // What makes and drops tables is a write of this one first.
                if !table_name.starts_with("sqlite_") =>
            {
                refused(format!("that is not a question: it would write to {table_name}"))
            }
            AuthAction::Pragma { pragma_name, .. } => {
                refused(format!("that is not a question: pragma {pragma_name}"))
            }
            _ => refused("that is not a question: begin with select, values or with".to_owned()),
        }
    }

    /// Whether a table is one of SQLite's. Of a table that none of its columns is read of we are told the name as it was written,
    /// which may be a name that the question itself gives.
    fn is_own(&self, table: &str) -> bool {
        let table = table.to_lowercase();
        ["sqlite_", "pragma_"].iter().any(|own| table.starts_with(own)) || self.own.contains(&table)
    }
}
