package finding

import (
	"strconv"
	"strings"
	"unicode"
)

// Kind is the kind of resource a target is.
type Kind string

// The kinds of target. KindPrincipal is an identity that is nobody in the account to act on: an
// AWS account, an AWS service, a directory, or unknown.
const (
	KindNone               Kind = ""
	KindInstance           Kind = "ec2.instance"
	KindUser               Kind = "iam.user"
	KindRole               Kind = "iam.role"
	KindRoot               Kind = "iam.root"
	KindFederatedUser      Kind = "iam.federated-user"
	KindIdentityCenterUser Kind = "iam.identity-center-user"
	KindPrincipal          Kind = "iam.principal"
	KindBucket             Kind = "s3.bucket"
	KindObject             Kind = "s3.object"
	KindEKSCluster         Kind = "eks.cluster"
	KindECSCluster         Kind = "ecs.cluster"
	KindContainer          Kind = "container"
	KindFunction           Kind = "lambda.function"
	KindDBInstance         Kind = "rds.db-instance"
	KindLimitlessDB        Kind = "rds.limitless-db"
	KindSnapshot           Kind = "ebs.snapshot"
	KindImage              Kind = "ec2.image"
	KindRecoveryPoint      Kind = "backup.recovery-point"
	KindAttackSequence     Kind = "attack-sequence"
)

// Global reports whether targets of the kind belong to no single Region.
func (k Kind) Global() bool { return strings.HasPrefix(string(k), "iam.") }

// Target is one AWS resource to respond to. Targets compare with ==: two findings on one resource
// have the same target, whatever Region an IAM finding came from.
type Target struct {
	// Account is the owner: 12 digits.
	Account string `json:"account"`
	// Region is where the resource is; for IAM the partition's pseudo Region ("aws-global").
	Region string `json:"region"`
	Kind   Kind   `json:"kind"`
	// ID names the resource within its kind: the instance id; the user or ROLE name; "root"; the
	// bucket, function, cluster or database identifier; "bucket/key" of an object; the ARN of a
	// recovery point; the id of a container, snapshot or image.
	ID string `json:"id"`
}

// String is "account/region/kind/id". It differs for different targets. An id that holds quotes,
// backslashes or characters that do not print (an object's key may) is quoted as in Go.
func (t Target) String() string {
	id := t.ID
	if strings.ContainsFunc(id, func(r rune) bool {
		return r == '"' || r == '\\' || r == unicode.ReplacementChar || !strconv.IsPrint(r)
	}) {
		id = strconv.Quote(id)
	}
	return t.Account + "/" + t.Region + "/" + string(t.Kind) + "/" + id
}
