package blast

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/config"
)

// roleUsers looks at who else lives on the role: running instances of one Region, and services that its trust policy names.
// How many functions or tasks use it would take calls in a row.
func (l *looker) roleUsers(ctx context.Context) {
	w := l.b.RoleUsers.Then
	if w == config.Ignore {
		return
	}
	c := l.Clients
	if l.o.Instances != nil {
		c = l.o.Instances
	}
	var instances, services []string
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		profiles, err := l.profilesOf(gctx)
		if err == nil {
			instances, err = instancesWith(gctx, c, "", profiles...)
		}
		return err
	})
	g.Go(func() error {
		out, err := l.IAM.GetRole(gctx, &iam.GetRoleInput{RoleName: &l.t.ID})
		if err == nil {
			services = trusted(aws.ToString(out.Role.AssumeRolePolicyDocument))
		}
		return err
	})
	if err := g.Wait(); err != nil {
		l.unknown(ctx, RoleUsers, w, "who uses the role", err)
		return
	}
	if len(instances) > l.b.RoleUsers.MoreThan {
		l.add(RoleUsers, w, "%d running instances in %s have the role: its sessions end for all of them until they draw new ones (%s)",
			len(instances), c.Region, some(instances))
	}
	if len(services) > 0 {
		l.add(RoleUsers, config.Report, "its trust policy lets in %s: what runs there under the role loses its sessions too; how much that is was not read", some(services))
	}
}

// profilesOf lists the ARNs of the instance profiles that hold the role.
func (l *looker) profilesOf(ctx context.Context) (arns []string, err error) {
	pages := iam.NewListInstanceProfilesForRolePaginator(l.IAM, &iam.ListInstanceProfilesForRoleInput{RoleName: &l.t.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.InstanceProfiles {
			arns = append(arns, aws.ToString(p.Arn))
		}
	}
	return arns, nil
}

// trusted lists the AWS services but EC2 that a trust policy (URL-encoded, as IAM gives it) lets in, sorted.
func trusted(encoded string) (services []string) {
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return nil
	}
	for _, s := range statements(text) {
		for _, name := range s.principals("Service") {
			if s.Effect == "Allow" && !strings.HasPrefix(name, "ec2.") {
				services = append(services, name)
			}
		}
	}
	slices.Sort(services)
	return slices.Compact(services)
}

// recent is how long ago a password may have been used for its user to count as one who uses the console.
const recent = 30 * 24 * time.Hour

// userInUse looks at what else the user is used for than the finding's keys.
func (l *looker) userInUse(ctx context.Context) {
	w := l.b.UserInUse
	if w == config.Ignore {
		return
	}
	var keys []string
	var console time.Time
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		pages := iam.NewListAccessKeysPaginator(l.IAM, &iam.ListAccessKeysInput{UserName: &l.t.ID})
		for pages.HasMorePages() {
			page, err := pages.NextPage(gctx)
			if err != nil {
				return err
			}
			for _, k := range page.AccessKeyMetadata {
				if id := aws.ToString(k.AccessKeyId); k.Status == iamtypes.StatusTypeActive && !slices.Contains(l.o.Keys, id) {
					keys = append(keys, id)
				}
			}
		}
		return nil
	})
	g.Go(func() error {
		out, err := l.IAM.GetUser(gctx, &iam.GetUserInput{UserName: &l.t.ID})
		if err == nil {
			console = aws.ToTime(out.User.PasswordLastUsed)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		l.unknown(ctx, UserInUse, w, "what else the user is used for", err)
		return
	}
	if len(keys) > 0 {
		l.add(UserInUse, w, "the user has other active access keys (%s): whatever works with them is cut off as well", some(keys))
	}
	if time.Since(console) < recent {
		l.add(UserInUse, w, "somebody signed in to the console as the user on %s", console.UTC().Format(time.DateOnly))
	}
}

// statement is what a look needs of a policy's statement.
type statement struct {
	Effect    string
	Principal any
	Condition map[string]map[string]any
}

// statements reads a policy; one that cannot be read has none.
func statements(policy string) []statement {
	var list struct{ Statement []statement }
	if json.Unmarshal([]byte(policy), &list) == nil {
		return list.Statement
	}
	var one struct{ Statement statement }
	if json.Unmarshal([]byte(policy), &one) == nil {
		return []statement{one.Statement}
	}
	return nil
}

// principals are those of a type ("Service", "AWS").
func (s statement) principals(kind string) []string {
	m, ok := s.Principal.(map[string]any)
	if !ok {
		return nil
	}
	return words(m[kind])
}

// words are the values of a string, or a list of strings.
func words(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if text, ok := e.(string); ok {
				out = append(out, text)
			}
		}
	}
	return out
}
