package finding

import "strings"

// block names the details block of resource that tells about a kind, and the fields in it that
// hold the id, best first. An ARN gives its last part.
type block struct {
	details string
	ids     []string
}

// blocks has the kinds that are one resource to a finding, described in one block.
var blocks = map[Kind]block{
	KindInstance:      {"instanceDetails", []string{"instanceId"}},
	KindEKSCluster:    {"eksClusterDetails", []string{"name", "arn"}},
	KindECSCluster:    {"ecsClusterDetails", []string{"name", "arn"}},
	KindContainer:     {"containerDetails", []string{"id", "name"}},
	KindFunction:      {"lambdaDetails", []string{"functionName", "functionArn"}},
	KindDBInstance:    {"rdsDbInstanceDetails", []string{"dbInstanceIdentifier", "dbInstanceArn"}},
	KindLimitlessDB:   {"rdsLimitlessDbDetails", []string{"dbShardGroupIdentifier", "dbShardGroupArn", "dbClusterIdentifier"}},
	KindSnapshot:      {"ebsSnapshotDetails", []string{"snapshotArn"}},
	KindImage:         {"ec2ImageDetails", []string{"imageArn"}},
	KindRecoveryPoint: {"recoveryPointDetails", []string{"recoveryPointArn"}},
}

// resourceTypes maps resource.resourceType, in lower case, to a kind. AccessKey stands for any
// identity: which, accessKeyDetails.userType says.
var resourceTypes = map[string]Kind{
	"instance":          KindInstance,
	"accesskey":         KindPrincipal,
	"s3bucket":          KindBucket,
	"s3object":          KindObject,
	"ekscluster":        KindEKSCluster,
	"kubernetescluster": KindEKSCluster,
	"ecscluster":        KindECSCluster,
	"container":         KindContainer,
	"lambda":            KindFunction,
	"lambdafunction":    KindFunction,
	"rdsdbinstance":     KindDBInstance,
	"rdslimitlessdb":    KindLimitlessDB,
	"ebssnapshot":       KindSnapshot,
	"ec2image":          KindImage,
	"ec2ami":            KindImage,
	"attacksequence":    KindAttackSequence,
}

// resourceKind decides what a finding is about: by resourceType, and only where that is missing
// by the type; of several kinds the type allows, the first that is described.
func (b *builder) resourceKind(resource object) Kind {
	if b.ResourceType != "" {
		name := strings.ToLower(b.ResourceType)
		if kind, ok := resourceTypes[name]; ok {
			return kind
		}
		if strings.Contains(name, "recoverypoint") {
			return KindRecoveryPoint
		}
		b.note("resourceType %s is not known", clipped(b.ResourceType))
		return KindNone
	}
	kinds := KindsOf(b.Type)
	for _, kind := range kinds {
		if details := blocks[kind].details; details != "" && resource.get(details) != nil {
			return kind
		}
	}
	if len(kinds) == 0 {
		return KindNone
	}
	return kinds[0]
}

// readResource finds the targets of b.Kind. Only an instance's finding is refused for a bad id:
// everything else is noted.
func (b *builder) readResource(resource, service object) *NotFindingError {
	switch b.Kind {
	case KindNone:
	case KindAttackSequence:
		b.readSequence(service.get("detection").path("sequence").object())
	case KindBucket, KindObject:
		b.Identity = readIdentity(resource.get("accessKeyDetails"))
		b.readBuckets(resource.get("s3BucketDetails"))
	case KindPrincipal, KindUser, KindRole, KindRoot, KindFederatedUser, KindIdentityCenterUser:
		b.Identity = readIdentity(resource.get("accessKeyDetails"))
		b.addIdentity()
		b.addExfiltratedFrom(resource.get("instanceDetails").path("instanceId").text())
	case KindInstance:
		id := resource.get("instanceDetails").path("instanceId").text()
		if resource != nil && !validID(KindInstance, id) {
			return reject("", "the finding %s names the instance %s, which is no instance id", b.ID, clipped(id))
		}
		b.readBlock(resource)
	case KindEKSCluster, KindECSCluster, KindContainer, KindFunction, KindDBInstance,
		KindLimitlessDB, KindSnapshot, KindImage, KindRecoveryPoint:
		b.readBlock(resource)
	}
	return nil
}

// readBlock adds the one resource that the details block of b.Kind describes, and its tags.
func (b *builder) readBlock(resource object) {
	if resource == nil {
		return
	}
	about := blocks[b.Kind]
	details := resource.get(about.details).object()
	b.Tags = readTags(details.get("tags"))
	id := ""
	for _, field := range about.ids {
		if id = details.get(field).text(); id != "" {
			break
		}
	}
	if a := parseARN(id); a.resource != "" && b.Kind != KindRecoveryPoint {
		id = a.name()
	}
	b.add(b.Kind, id)
}

// readTags reads a list of {key, value}, or a map as ASFF has it.
func readTags(v value) map[string]string {
	tags := map[string]string{}
	if v.isObject() {
		for _, m := range v.object() {
			tags[string(m.key)] = m.val.text()
		}
	} else {
		for _, tag := range v.list() {
			o := tag.object()
			if key := o.get("key"); key != nil {
				tags[key.text()] = o.get("value").text()
			}
		}
	}
	if len(tags) == 0 {
		return nil
	}
	return tags
}
