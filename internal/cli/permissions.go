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
		values = map[string]string{}
	)
	c := &cobra.Command{
		Use:   "permissions",
		Short: "Print the IAM policy that Cordon runs under, or that of its role in a member account; no AWS call",
		Long: `Print the IAM policy that Cordon runs under, as JSON; with --member that of the role that it assumes in another account.
What belongs to a deployment stands there as a placeholder, such as ${TableArn}, unless a flag gives it a value. With
--set of a secret's ARN, or of MemberRoleName, left empty, what needs it is left out.`,
		Example: `  cordon permissions
  cordon permissions --member --account 111122223333 --partition aws --set RoleName=cordon-member`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			for flag, name := range map[string]string{"partition": permissions.Partition, "account": permissions.Account, "region": permissions.Region, "name": permissions.Name} {
				if f := c.Flag(flag); f.Changed {
					values[name] = f.Value.String()
				}
			}
			return a.runPermissions(member, values, sets)
		},
	}
	f := c.Flags()
	f.BoolVar(&member, "member", false, "the policy of the role in a member account")
	f.String("partition", "", "aws, aws-cn, aws-us-gov, …")
	f.String("account", "", "the account's `id`")
	f.String("region", "", "the deployment's Region")
	f.String("name", "", "the deployment's name, with which its roles' names begin")
	f.StringArrayVar(&sets, "set", nil, "a placeholder's value, as `NAME=VALUE`")
	return c
}

func (a *app) runPermissions(member bool, values map[string]string, sets []string) error {
	known := permissions.Placeholders(member)
	for _, s := range sets {
		name, value, ok := strings.Cut(s, "=")
		if !ok || !slices.Contains(known, name) {
			return usage("--set %q: write NAME=VALUE, where NAME is one of %s", s, strings.Join(known, ", "))
		}
		values[name] = value
	}
	p := permissions.Responder()
	if member {
		p = permissions.Member()
	}
	p.Statement = slices.DeleteFunc(p.Statement, func(s permissions.Statement) bool {
		value, set := values[s.When]
		return set && value == "" && s.When != ""
	})
	_, err := fmt.Fprintf(a.Out, "%s", p.Fill(values).JSON())
	return err
}
