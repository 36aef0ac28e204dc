package finding

import (
	"encoding/json"
	"time"
)

// Shape is the form a finding came in, wrappers such as SNS and SQS aside.
type Shape string

// The shapes.
const (
	ShapeEvent Shape = "eventbridge" // an EventBridge event's detail
	ShapeAPI   Shape = "api"         // an element of a GetFindings response
	ShapeBare  Shape = "bare"        // the finding alone: S3 export, or a detail cut out
	ShapeASFF  Shape = "asff"        // AWS Security Finding Format, from Security Hub
)

// Finding is one GuardDuty finding. ID, Type, Account (12 digits), Region, Partition and Raw are
// always set; Count is at least 1; a time that the document lacks is zero.
type Finding struct {
	ID          string
	ARN         string
	Type        string // "Backdoor:EC2/C&CActivity.B!DNS"
	Title       string
	Description string
	Account     string // the owner, a member account where an administrator received it
	Region      string
	Partition   string // "aws", "aws-cn", "aws-us-gov", …
	DetectorID  string

	Severity float64 // 0 (not given) to 10
	Count    int

	CreatedAt, UpdatedAt time.Time
	FirstSeen, LastSeen  time.Time

	ResourceType string // as GuardDuty spells it, "Instance"; "" where it says none
	ResourceRole string // "TARGET" or "ACTOR"

	Archived bool
	// Sample findings are about nothing real: never act on one. SampleReason is the tell.
	Sample       bool
	SampleReason string

	Shape Shape
	// Identity is whose credentials were used, where the finding says so: on an IAM finding the
	// target, on a bucket's the caller. For an attack sequence it is the first one named.
	Identity *Identity
	// API and UserAgent are the call that brought the finding about ("ModifyInstanceAttribute") and how the caller named its
	// program, where the finding says so. A caller writes what it likes into the latter.
	API, UserAgent string
	// RemoteIPs are the addresses at the other end, IPv4 and IPv6, each once, in order of appearance.
	RemoteIPs []string
	// Tags are the primary target's at the time of the finding (of several buckets: what all of
	// them carry). Nil where the finding carries none; the live tags may differ.
	Tags    map[string]string
	Buckets []Bucket

	// Targets are the resources to respond to, the primary one first, none twice; may be empty.
	Targets []Target
	// Kind is the primary target's; KindAttackSequence for a sequence; where there is no target,
	// what the document says it would have been, or KindNone.
	Kind Kind

	// Notes tell what was odd while decoding. They quote text of the finding with %q.
	Notes []string
	// Raw is the finding's original bytes, unchanged: the smallest document that decodes to this
	// finding again by itself. That is the bare finding; the whole EventBridge event where only
	// its envelope tells the account or the Region.
	Raw json.RawMessage
}

// Identity is the AWS identity a finding names (accessKeyDetails).
type Identity struct {
	UserType    string // Root, IAMUser, AssumedRole, Role, FederatedUser, …
	UserName    string // of a role: the ROLE's name
	PrincipalID string // "AIDA…", or "AROA…:session"
	AccessKeyID string
}

// Bucket is one S3 bucket a finding names (s3BucketDetails).
type Bucket struct {
	Name  string
	ARN   string
	Owner string // the owner's canonical id
	Type  string // "Source" or "Destination"
}
