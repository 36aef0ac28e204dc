package blast

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/config"
	"cordon/internal/finding"
)

// ownParts looks at whether the target is one of Cordon's own parts. The role or user that it acts as is not asked about:
// the playbook never revokes that.
func (l *looker) ownParts(ctx context.Context, caller string) {
	w := l.b.OwnParts
	if w == config.Ignore {
		return
	}
	role, session := sessionOf(caller, l.t.Account)
	switch l.t.Kind {
	case finding.KindInstance:
		// The sessions of an instance's role are named after the instance.
		if session == l.t.ID {
			l.add(OwnPart, w, "Cordon itself runs on the instance: cut off, it can answer nothing any more, nor release this")
		}
	case finding.KindBucket:
		if l.t.ID == evidenceBucket(l.o.Config.Vault) {
			l.add(OwnPart, w, "the bucket is Cordon's own, for evidence")
		}
	case finding.KindRole:
		if part := partOf(role, l.t.ID); part != "" {
			l.add(OwnPart, w, "the role is that of Cordon's own %s", part)
		}
		l.quarantineRole(ctx, w)
	}
}

// sessionOf gives the role and the session's name of a role session in the account, "" for other callers.
func sessionOf(caller, account string) (role, session string) {
	f := strings.SplitN(caller, ":", 6) // arn:aws:sts::111122223333:assumed-role/ROLE/SESSION
	if len(f) != 6 || f[4] != account {
		return "", ""
	}
	rest, ok := strings.CutPrefix(f[5], "assumed-role/")
	if !ok {
		return "", ""
	}
	role, session, _ = strings.Cut(rest, "/")
	return role, session
}

// partOf says which other part of the deployment a role is of; a deployment names its roles NAME-function-REGION,
// NAME-state-machine-REGION and NAME-rule-REGION.
func partOf(own, role string) string {
	i := strings.LastIndex(own, "-function-")
	if i < 0 {
		return ""
	}
	name, region := own[:i], own[i+len("-function-"):]
	for kind, part := range map[string]string{"state-machine": "state machine", "rule": "EventBridge rule"} {
		if strings.EqualFold(role, name+"-"+kind+"-"+region) {
			return part
		}
	}
	return ""
}

// evidenceBucket is the bucket of an s3:// vault, "" for any other.
func evidenceBucket(vault string) string {
	u, err := url.Parse(vault)
	if err != nil || u.Scheme != "s3" {
		return ""
	}
	return u.Host
}

// quarantineRole looks at whether the role is that of the quarantine profile, under which live response runs.
func (l *looker) quarantineRole(ctx context.Context, w config.Weight) {
	profile := l.o.Config.EC2.QuarantineProfile
	f := strings.SplitN(profile, ":", 6)
	if len(f) != 6 || f[4] != l.t.Account {
		return
	}
	name := lastSegment(profile)
	out, err := l.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	if err != nil {
		l.unknown(ctx, OwnPart, w, "whether the role is that of ec2.quarantine_profile", err)
		return
	}
	for _, r := range out.InstanceProfile.Roles {
		if strings.EqualFold(aws.ToString(r.RoleName), l.t.ID) {
			l.add(OwnPart, w, "the role is that of ec2.quarantine_profile: live response on every host in quarantine loses its sessions")
		}
	}
}
