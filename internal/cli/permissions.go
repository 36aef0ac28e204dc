package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cordon/internal/permissions"
)

func (a *app) permissions() *cobra.Command {
	var (
		member bool
		sets   []string
		part   string
	)
	flags := map[string]string{
		"partition": permissions.Partition, "account": permissions.Account, "region": permissions.Region, "name": permissions.Name,
	}
	c := &cobra.Command{
		Use:   "permissions",
		Short: "Print the IAM policy that Cordon runs under, or that of its role in a member account; no AWS call",
		Long: `Print the IAM policy that Cordon runs under, as JSON; with --member that of the role that it assumes in another account.

With --config it is the policy for that configuration: what the configuration does not use (live response, notices, table,
bucket, member accounts) is left out, what it names is filled in. Without, it is all that Cordon may ever need.

What belongs to a deployment stands there as a placeholder, such as ${KeyArn}, unless a flag gives it a value; standard
error says which are left. A policy with placeholders is for templates: IAM takes it, and half of it means nothing then.
--set of an ARN or of MemberRoleName to nothing leaves out what needs it, and so does --set of LiveResponse, BlockRemoteIps or
SecurityHub to false.

All that Cordon may need is longer than the inline policies of a role may be. --part inline and --part managed print it as
the two documents that the templates make of it: one for an inline policy, one for a managed policy.`,
		Example: `  cordon permissions --config cordon.yaml --partition aws --account 111122223333 --region eu-west-1 --name cordon \
      --set KeyArn=arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab --set LogArn=
  cordon permissions --set LiveResponse=false --set MemberRoleName=
  cordon permissions --member --account 444455556666 --partition aws --set RoleName=cordon-member`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			values := map[string]string{}
			for _, flag := range []string{"partition", "account", "region", "name"} {
				if f := c.Flag(flag); f.Changed {
					if err := checkValue("--"+flag, flags[flag], f.Value.String(), member); err != nil {
						return err
					}
					values[flags[flag]] = f.Value.String()
				}
			}
			return a.runPermissions(member, values, sets, part)
		},
	}
	f := c.Flags()
	f.BoolVar(&member, "member", false, "the policy of the role in a member account")
	f.String("partition", "", strings.Join(partitions, ", "))
	f.String("account", "", "the account's `id`")
	f.String("region", "", "the deployment's Region")
	f.String("name", "", "the deployment's name, with which its roles' names begin")
	f.StringVar(&part, "part", "", "one of the two documents: inline or managed")
	f.StringArrayVar(&sets, "set", nil, "a placeholder's value, as `NAME=VALUE`")
	return c
}

func (a *app) runPermissions(member bool, values map[string]string, sets []string, part string) error {
	if part != "" && part != partInline && part != partManaged {
		return usage("--part %q: it is %s or %s", part, partInline, partManaged)
	}
	if part != "" && member {
		return usage("--part has no meaning with --member: the member's policy is one document")
	}
	for _, s := range sets {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return usage("--set %q: write NAME=VALUE", s)
		}
		if _, twice := values[name]; twice {
			return usage("--set %q: %s has a value already", s, name)
		}
		if err := checkValue("--set", name, value, member); err != nil {
			return err
		}
		values[name] = value
	}
	if err := checkTogether(values); err != nil {
		return err
	}
	p, err := a.grants(member, values)
	if err != nil {
		return err
	}
	switch inline, managed := p.Split(); {
	case part == partInline:
		p = inline
	case part == partManaged:
		p = managed
	case p.Size() > permissions.InlineQuota:
		fmt.Fprintf(a.Err, "cordon: this is longer than the inline policies of a role may be (%d of %d characters): see --part\n", p.Size(), permissions.InlineQuota)
	}
	if left := p.Unfilled(); len(left) > 0 {
		fmt.Fprintf(a.Err, "cordon: these placeholders are left: %s. Fill them in (--account and the like, --set NAME=VALUE) before the policy is used:\n"+
			"cordon: IAM would take them for variables without a value, so that an Allow allows nothing and a Deny denies nothing.\n", strings.Join(left, ", "))
	}
	_, err = fmt.Fprintf(a.Out, "%s", p.JSON())
	return err
}

// grants is the one that the flags and, where there is one, the configuration ask for.
func (a *app) grants(member bool, values map[string]string) (permissions.Policy, error) {
	var off []string
	for _, name := range permissions.Switches(member) {
		if value, given := values[name]; given && a.configFile != "" {
			return permissions.Policy{}, usage("--set %s=%s: the configuration %s says it already", name, value, a.configFile)
		} else if value == "false" {
			off = append(off, name)
		}
	}
	if member {
		return a.memberGrants(values, off)
	}
	if a.configFile == "" {
		return permissions.Responder().Off(off...).Fill(values), nil
	}
	conf, err := a.settings()
	if err != nil {
		return permissions.Policy{}, err
	}
	if _, given := values[permissions.Account]; !given && conf.Accounts.Own != "" {
		values[permissions.Account] = conf.Accounts.Own
	}
	return permissions.Configured(conf, values), nil
}

// memberGrants is the policy of the role in a member account, as far as the configuration uses it.
func (a *app) memberGrants(values map[string]string, off []string) (permissions.Policy, error) {
	p := permissions.Member()
	if a.configFile != "" {
		conf, err := a.settings()
		if err != nil {
			return permissions.Policy{}, err
		}
		if conf.Accounts.Role != "" && values[permissions.RoleName] == "" {
			values[permissions.RoleName] = conf.Accounts.Role
		}
		if !conf.EC2.BlockRemoteIPs {
			off = append(off, permissions.BlockRemoteIPs)
		}
	}
	return p.Off(off...).Fill(values), nil
}

// The documents that --part names.
const (
	partInline  = "inline"
	partManaged = "managed"
)

// settable are the names that --set takes: the placeholders, and what is on or off.
func settable(member bool) []string {
	if member {
		return slices.Concat(permissions.Placeholders(true), permissions.Switches(true))
	}
	return slices.Concat(permissions.Placeholders(false), permissions.Switches(false))
}
