//! The beginning and the end of the writer's transactions.
//!
//! They are plain statements, because the driver's own transactions begin as readers, and a reader that turns writer
//! can be refused. Whatever fails, the connection is left without a transaction, so that the next one can begin.

use sqlx::AnyConnection;

/// Begins with `statement`.
pub(crate) async fn begin(connection: &mut AnyConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    let begun = sqlx::query(statement).execute(&mut *connection).await;
    or_undo(connection, begun.map(|_| ())).await
}

/// Makes durable what was written; an error means that nothing was.
pub(crate) async fn commit(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let committed = sqlx::query("COMMIT").execute(&mut *connection).await;
    or_undo(connection, committed.map(|_| ())).await
}

/// Undoes what was written.
pub(crate) async fn undo(connection: &mut AnyConnection) {
    // A full disk may have ended the transaction already, which makes this an error that means nothing.
    drop(sqlx::query("ROLLBACK").execute(connection).await);
}

async fn or_undo(connection: &mut AnyConnection, result: Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
    if result.is_err() {
        undo(connection).await;
    }
    result
}
