package finding

import (
	"slices"
	"strings"
)

// asffKind is what an ASFF resource type is to GuardDuty.
type asffKind struct {
	kind         Kind
	resourceType string // as GuardDuty spells it
}

// asffKinds has the types of resource in GuardDuty's ASFF findings.
var asffKinds = map[string]asffKind{
	"AwsEc2Instance":         {KindInstance, "Instance"},
	"AwsIamAccessKey":        {KindPrincipal, "AccessKey"},
	"AwsIamUser":             {KindUser, "AccessKey"},
	"AwsIamRole":             {KindRole, "AccessKey"},
	"AwsS3Bucket":            {KindBucket, "S3Bucket"},
	"AwsS3Object":            {KindObject, "S3Object"},
	"AwsEksCluster":          {KindEKSCluster, "EKSCluster"},
	"AwsEcsCluster":          {KindECSCluster, "ECSCluster"},
	"Container":              {KindContainer, "Container"},
	"AwsLambdaFunction":      {KindFunction, "Lambda"},
	"AwsRdsDbInstance":       {KindDBInstance, "RDSDBInstance"},
	"AwsEc2Snapshot":         {KindSnapshot, "EBSSnapshot"},
	"AwsEc2Image":            {KindImage, "EC2Image"},
	"AwsBackupRecoveryPoint": {KindRecoveryPoint, "EBSRecoveryPoint"},
}

// readASFFResources adds the targets. ASFF has no resourceType: a bucket's finding lists the
// caller's access key too. So the kinds that the finding type allows choose the primary kind, and
// the first resource does when the type is new.
func (b *builder) readASFFResources(resources []value) *NotFindingError {
	allowed := KindsOf(b.Type)
	if Classify(b.Type) == KindAttackSequence {
		b.Kind, b.ResourceType = KindAttackSequence, "AttackSequence"
	}
	primary := asffKind{}
	for _, v := range resources {
		o := v.object()
		known, ok := asffKinds[o.get("type").text()]
		if !ok {
			b.note("resource type %s is not known", clipped(o.get("type").text()))
			continue
		}
		if b.Kind == KindAttackSequence {
			b.addASFF(known, o)
			continue
		}
		if primary.kind == KindNone && (len(allowed) == 0 || slices.Contains(allowed, known.kind) ||
			known.kind.Global() && allowed[0].Global()) {
			primary = known
			b.Kind, b.ResourceType = known.kind, known.resourceType
		}
		if known.resourceType != primary.resourceType {
			if known.kind == KindPrincipal && b.Identity == nil {
				b.Identity = asffIdentity(o)
			}
			continue
		}
		if id := asffID(o); known.kind == KindInstance && !validID(KindInstance, id) {
			return reject("", "the finding %s names the instance %s, which is no instance id", b.ID, clipped(id))
		}
		b.addASFF(known, o)
	}
	if b.named == 0 {
		b.note("the finding names no resource of its type")
		if b.Kind == KindNone && len(allowed) > 0 {
			b.Kind = allowed[0]
		}
	}
	return nil
}

// addASFF adds one resource of the primary kind.
func (b *builder) addASFF(known asffKind, o object) {
	tags := readTags(o.get("tags"))
	switch known.kind {
	case KindPrincipal:
		b.addASFFIdentity(asffIdentity(o))
		return
	case KindBucket:
		b.addBucket(Bucket{
			Name:  asffID(o),
			ARN:   o.get("id").text(),
			Owner: o.get("details").path("awsS3Bucket", "ownerId").text(),
		}, len(b.Buckets) == 0, tags)
		return
	case KindObject:
		b.add(KindObject, firstOf(parseARN(o.get("id").text()).resource, o.get("id").text()))
		return
	case KindRecoveryPoint:
		b.add(KindRecoveryPoint, o.get("id").text())
		return
	case KindUser:
		b.addASFFIdentity(&Identity{UserType: "IAMUser", UserName: asffID(o)})
		return
	case KindRole:
		b.addASFFIdentity(&Identity{UserType: "Role", UserName: asffID(o)})
		return
	}
	if b.named == 0 && b.Kind != KindAttackSequence {
		b.Tags = tags
	}
	b.add(known.kind, asffID(o))
}

func (b *builder) addASFFIdentity(who *Identity) {
	if b.Kind == KindAttackSequence {
		b.addSequenceIdentity(b.Account, *who)
		return
	}
	if b.Identity != nil { // the finding is about one; the rest say the same in another form
		return
	}
	b.Identity = who
	b.addIdentity()
	b.addExfiltratedFrom("")
}

// asffIdentity reads an AwsIamAccessKey, whose principal is accessKeyDetails under other names.
func asffIdentity(o object) *Identity {
	details := o.get("details").path("awsIamAccessKey").object()
	key := details.get("accessKeyId").text()
	if _, id, ok := strings.Cut(o.get("id").text(), "AccessKey:"); ok && key == "" {
		key = id
	}
	return &Identity{
		UserType:    details.get("principalType").text(),
		UserName:    firstOf(details.get("principalName").text(), details.get("userName").text()),
		PrincipalID: details.get("principalId").text(),
		AccessKeyID: key,
	}
}

// asffID is the resource's own name: the last part of its ARN, or its Id where that is no ARN.
func asffID(o object) string {
	id := o.get("id").text()
	if a := parseARN(id); a.resource != "" {
		return a.name()
	}
	return id
}
