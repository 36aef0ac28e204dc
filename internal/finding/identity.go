package finding

import "strings"

// readIdentity reads accessKeyDetails; nil when there are none.
func readIdentity(v value) *Identity {
	o := v.object()
	if len(o) == 0 {
		return nil
	}
	return &Identity{
		UserType:    o.get("userType").text(),
		UserName:    o.get("userName").text(),
		PrincipalID: o.get("principalId").text(),
		AccessKeyID: o.get("accessKeyId").text(),
	}
}

// kind is the kind of target an identity is. known is false when its userType is missing or new.
// A missing one follows from the principal's unique id, whose prefix IAM documents.
func (i Identity) kind() (kind Kind, known bool) {
	switch i.UserType {
	case "Root":
		return KindRoot, true
	case "IAMUser":
		return KindUser, true
	case "AssumedRole", "Role":
		return KindRole, true
	case "FederatedUser":
		return KindFederatedUser, true
	case "IdentityCenterUser":
		return KindIdentityCenterUser, true
	case "AWSAccount", "AWSService", "Directory", "Unknown":
		return KindPrincipal, true
	case "":
		switch {
		case strings.HasPrefix(i.PrincipalID, "AIDA"):
			return KindUser, false
		case strings.HasPrefix(i.PrincipalID, "AROA"):
			return KindRole, false
		}
	}
	return KindPrincipal, false
}

// target is the identity's kind and id.
func (i Identity) target() (Kind, string) {
	kind, _ := i.kind()
	switch {
	case kind == KindRoot:
		return kind, "root"
	case kind == KindUser, kind == KindRole, i.UserName != "":
		return kind, i.UserName
	case i.PrincipalID != "":
		return kind, i.PrincipalID
	}
	return kind, i.UserType
}

// generated reports whether AWS made the identity up for a sample. The name alone does not tell:
// anyone may give a user such a name, nobody a key or a unique id.
func (i Identity) generated() bool {
	if i.PrincipalID == "" && i.AccessKeyID == "" {
		return hasGenerated(i.UserName)
	}
	return hasGenerated(i.PrincipalID) || hasGenerated(i.AccessKeyID)
}

// addIdentity makes b.Identity a target and sets b.Kind accordingly.
func (b *builder) addIdentity() {
	if b.Identity == nil {
		b.note("the finding names no identity")
		return
	}
	kind, known := b.Identity.kind()
	if !known {
		b.note("userType %s is not known; taken for an %s", clipped(b.Identity.UserType), kind)
	}
	b.Kind = kind
	_, id := b.Identity.target()
	b.add(kind, id)
	if b.Identity.generated() {
		b.generated++
	}
}

// addExfiltratedFrom adds the instance whose credentials were taken, on findings about that. It
// is in instanceDetails, or is the name of the role's session: "AROA…:i-0abc…".
func (b *builder) addExfiltratedFrom(instanceID string) {
	if !strings.Contains(b.Type, "InstanceCredentialExfiltration") {
		return
	}
	if b.Identity != nil && !validID(KindInstance, instanceID) {
		_, instanceID, _ = strings.Cut(b.Identity.PrincipalID, ":")
	}
	if validID(KindInstance, instanceID) {
		b.add(KindInstance, instanceID)
	}
}
