package actions

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/action"
)

// callerARN is who Cordon is to AWS.
func callerARN(ctx context.Context, env *action.Env) (string, error) {
	out, err := env.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("read the caller's identity: %w", err)
	}
	return aws.ToString(out.Arn), nil
}

// refuseProtected gives a *action.Skip for a role or user that must not be cut off: the one that Cordon runs as, and
// those that protected names (names or globs as in path.Match, whatever their case: IAM's names do not differ by it).
func refuseProtected(e entity, account, caller string, protected []string) error {
	if runsAs(e, account, caller) {
		return action.Skipf("never revoked: Cordon itself runs as %s. If it is compromised, a person must end its sessions: IAM console, "+
			"the role's or user's page, Revoke sessions (a role) or Security credentials (a user)", e)
	}
	_, name, _ := strings.Cut(e.String(), " ")
	for _, pattern := range protected {
		ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name))
		if err != nil {
			return fmt.Errorf("match protected name %q: %w", pattern, err)
		}
		if ok {
			return action.Skipf("never revoked: %s is protected by the configuration (iam.protected: %s). A person must decide, and act in "+
				"the IAM console, on the role's or user's page", e, pattern)
		}
	}
	return nil
}

// runsAs says whether caller, an ARN as GetCallerIdentity gives it, is the entity or a session of it.
func runsAs(e entity, account, caller string) bool {
	f := strings.SplitN(caller, ":", 6) // arn:aws:sts::111122223333:assumed-role/NAME/SESSION, …:iam::…:user/PATH/NAME
	if len(f) != 6 || f[4] != account {
		return false
	}
	kind, rest, _ := strings.Cut(f[5], "/")
	switch e := e.(type) {
	case roleName:
		name, _, _ := strings.Cut(rest, "/")
		return kind == "assumed-role" && strings.EqualFold(name, string(e))
	case userName:
		return kind == "user" && strings.EqualFold(lastSegment(rest), string(e))
	default:
		panic("actions: unknown entity")
	}
}
