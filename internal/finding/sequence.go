package finding

import "strings"

// readSequence adds the resources of an attack sequence that something can be done about
// (service.detection.sequence: uid, signals, actors, resources, endpoints; see the API's Sequence
// type), then the identities its actors used. The order is the document's.
func (b *builder) readSequence(sequence object) {
	for _, v := range sequence.get("resources").list() {
		b.addSequenceResource(v.object())
	}
	for _, actor := range sequence.get("actors").list() {
		b.addActor(actor.path("user").object())
	}
	for _, endpoint := range sequence.get("endpoints").list() {
		b.remote(endpoint.path("ip").text())
	}
	if b.named == 0 {
		b.note("the sequence names no resource to act on")
	}
}

func (b *builder) addSequenceResource(o object) {
	account, region := b.place(o.get("accountId").text(), o.get("region").text())
	uid, name := o.get("uid").text(), o.get("name").text()
	id := parseARN(uid).name()
	if id == "" {
		id = uid
	}
	data := o.get("data").object()
	switch strings.ToUpper(o.get("resourceType").text()) {
	case "EC2_INSTANCE":
		if !validID(KindInstance, id) && validID(KindInstance, name) {
			id = name
		}
		b.addIn(account, region, KindInstance, id)
	case "ACCESS_KEY":
		key := data.get("accessKey").object()
		b.addSequenceIdentity(account, Identity{
			UserType:    key.get("userType").text(),
			UserName:    key.get("userName").text(),
			PrincipalID: key.get("principalId").text(),
			AccessKeyID: id,
		})
	case "S3_BUCKET":
		bucket := Bucket{Name: name, ARN: uid, Owner: data.get("s3Bucket").path("ownerId").text()}
		if !isBucket(name) {
			bucket.Name = id
		}
		b.Buckets = append(b.Buckets, bucket)
		b.addIn(account, region, KindBucket, bucket.Name)
	case "EKS_CLUSTER":
		b.addIn(account, region, KindEKSCluster, firstOf(name, id))
	case "ECS_CLUSTER":
		b.addIn(account, region, KindECSCluster, firstOf(name, id))
	}
}

// addActor adds the identity an actor used, when it is one of the finding's own account: another
// account's is the attacker's, and not ours to act on.
func (b *builder) addActor(user object) {
	if len(user) == 0 {
		return
	}
	if owner := user.get("account").path("uid").text(); owner != "" && owner != b.Account {
		b.note("an actor is of account %s", clipped(owner))
		return
	}
	b.addSequenceIdentity(b.Account, Identity{
		UserType:    user.get("type").text(),
		UserName:    user.get("name").text(),
		PrincipalID: user.get("uid").text(),
		AccessKeyID: user.get("credentialUid").text(),
	})
}

func (b *builder) addSequenceIdentity(account string, who Identity) {
	if b.Identity == nil {
		b.Identity = &who
	}
	kind, id := who.target()
	b.addIn(account, b.Region, kind, id)
	if who.generated() {
		b.generated++
	}
}

// place is where a resource of the sequence is: the finding's account and Region unless it says
// otherwise, in a form that can be.
func (b *builder) place(account, region string) (string, string) {
	if !isAccount(account) {
		account = b.Account
	}
	if !isRegion(region) || partitionOf(region) != b.Partition {
		region = b.Region
	}
	return account, region
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
