package finding

import (
	"path"
	"slices"
	"strings"
)

// family is a set of finding types and the kinds of target they may be about, the usual one
// first. The pattern is one of [path.Match] over "Purpose:Resource/Threat".
type family struct {
	pattern string
	kinds   []Kind
}

// families has GuardDuty's finding types by family; the first that matches decides.
// From https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html, with
// the retired types, which still occur in exports.
var families = []family{
	{"AttackSequence:*/*", []Kind{KindAttackSequence}},

	// Malware Protection: what was scanned stands after the exclamation mark.
	{"*:*/*!Snapshot", []Kind{KindSnapshot}},
	{"*:*/*!AMI", []Kind{KindImage}},
	{"*:*/*!RecoveryPoint", []Kind{KindRecoveryPoint}},
	{"Object:S3/*", []Kind{KindObject}},

	// Custom detection rules. The type names the service whose API was called; AWS does not state
	// the resource, so resourceType alone decides.
	{"CredentialAccess:EC2/UnsecuredCredentials", nil},
	{"CredentialAccess:RDS/ModifyAuthenticationProcess", nil},
	{"DefenseImpairment:*/*", nil},
	{"Execution:SageMaker/*", nil},
	{"Exfiltration:*/TransferDataToCloudAccount", nil},
	{"Impact:S3/DataDestruction", nil},
	{"*:SES/*", nil},
	{"InitialAccess:IAM/*", nil},
	{"InitialAccess:RDS/*", nil},
	{"LateralMovement:EC2/*", nil},
	{"Persistence:EC2/*", nil},
	{"*:*/AccountManipulation", nil},
	{"Persistence:Lambda/ModifyAuthenticationProcess", nil},

	{"Policy:IAMUser/*RootCredentialUsage", []Kind{KindRoot}},
	{"*:IAMUser/InstanceCredentialExfiltration.*", []Kind{KindRole}},
	{"*:IAMUser/*", []Kind{
		KindUser, KindRole, KindRoot, KindFederatedUser, KindIdentityCenterUser, KindPrincipal,
	}},
	{"*:EC2/*", []Kind{KindInstance}},
	{"*:Runtime/*", []Kind{KindInstance, KindEKSCluster, KindECSCluster, KindContainer}},
	{"*:S3/*", []Kind{KindBucket}},
	{"*:Kubernetes/*", []Kind{KindEKSCluster}},
	{"*:ECS/*", []Kind{KindECSCluster}},
	{"*:Container/*", []Kind{KindContainer}},
	{"*:Lambda/*", []Kind{KindFunction}},
	{"*:RDS/*", []Kind{KindDBInstance, KindLimitlessDB}},
}

// KindsOf lists the kinds of target that findings of a type may be about, the usual one first.
// It is empty for a type that no family has (see [Known]) and for one whose resource only the
// finding itself can tell.
func KindsOf(findingType string) []Kind {
	kinds, _ := familyOf(findingType)
	return slices.Clone(kinds)
}

// Classify is the usual kind of target of a finding type, or KindNone: the first of [KindsOf].
func Classify(findingType string) Kind {
	if kinds, _ := familyOf(findingType); len(kinds) > 0 {
		return kinds[0]
	}
	return KindNone
}

// Known reports whether a finding type belongs to a family of GuardDuty's types.
func Known(findingType string) bool {
	_, known := familyOf(findingType)
	return known
}

func familyOf(findingType string) (kinds []Kind, known bool) {
	if !wellFormedType(findingType) {
		return nil, false
	}
	for _, f := range families {
		if ok, err := path.Match(f.pattern, findingType); ok && err == nil {
			return f.kinds, true
		}
	}
	return nil, false
}

// wellFormedType reports whether a type is written "Purpose:Resource/Threat", without spaces.
func wellFormedType(s string) bool {
	purpose, rest, ok := strings.Cut(s, ":")
	resource, threat, ok2 := strings.Cut(rest, "/")
	return ok && ok2 && visible(s) && made(purpose, alphanum, 1, 100) && made(resource, alphanum, 1, 100) &&
		threat != "" && !strings.Contains(threat, "/")
}
