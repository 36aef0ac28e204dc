// Package finding turns a document into GuardDuty findings and the resources they are about.
//
// A finding arrives in many wrappings. [Decode] takes all of them, one or many to an input, and
// looks through them in this order:
//
//	SQS message, Lambda batch (Records[].body) ┐
//	SNS notification (Message)                 ├─→ EventBridge event ──→ one GuardDuty finding
//	array, JSON lines, GetFindings response    ┘   Security Hub event ─→ many ASFF findings
//
// Keys are matched exactly first and without regard to case second, so the camelCase of the wire
// and the PascalCase of the AWS CLI and boto3 read alike. Booleans and numbers may be strings.
// Fields nobody has heard of are passed over; the original bytes stay in [Finding.Raw].
//
// What a finding is about is decided by resource.resourceType, never by which details block is
// present: sample findings carry several, and a container's finding carries its host's. Only
// where resourceType is missing does the finding type decide ([KindsOf]).
//
// Every text in a finding is hostile. An identifier becomes part of a [Target] only when it has
// the form AWS gives that kind of resource; otherwise it is left out and a note says so.
// Free text (title, description, tags) is passed on as it came and must be escaped where shown.
package finding
