-- When a document was rendered, without its bytes.
-- grain: document
-- key: subject_id, kind
select
    subject_id,
    kind,
    size_bytes,
    cast(created_at as timestamptz) as created_at
from raw_documents
