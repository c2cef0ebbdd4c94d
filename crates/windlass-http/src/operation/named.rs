//! One operation, where its caller may see it.

use windlass::OperationId;
use windlass::operation::OperationRecord;

use crate::access::MayIn;
use crate::api::Api;
use crate::problem::Problem;

/// Whether it is about jobs alone that the caller is not kept from.
pub(super) fn sees<N>(may: &MayIn<N>, record: &OperationRecord) -> bool {
    may.caller.grant().covers_filter(&record.filter)
}

/// The operation, for those who may see it.
pub(super) async fn find<N>(
    may: &MayIn<N>,
    api: &Api,
    id: OperationId,
) -> Result<OperationRecord, Problem> {
    let found = api.client().operation(id).await?.filter(|record| sees(may, record));
    Ok(found.ok_or_else(|| id.missing())?)
}
