package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cordon/internal/cloud"
)

// maxNamed is how many missing permissions get a result of their own; more are one result.
const maxNamed = 10

// checkPermissions simulates the policies of the principal; where IAM does not let it, it asks EC2 by dry runs, and says
// of the rest that it could not be checked.
func checkPermissions(ctx context.Context, p *patient) ([]Result, error) {
	needs := p.needs()
	principal, because, err := p.principal(ctx)
	switch {
	case because != "":
		return one(Result{
			Check: "permissions.policy", Severity: Warning, Unchecked: true, Found: "could not be checked: " + because,
			Remedy: "name the role that Cordon runs as: cordon doctor --principal ARN",
		})
	case err != nil:
		return p.withoutSimulation(ctx, needs, err)
	}
	rulings, err := p.simulate(ctx, principal, needs)
	switch {
	case p.Principal != "" && cloud.Is(err, "NoSuchEntity", "NoSuchEntityException", "InvalidInput", "InvalidInputException"):
		return one(Result{
			Check: "permissions.policy", Severity: Problem, Subject: principal, Found: "IAM knows no such user or role: " + why(err),
			Remedy: "name the role that Cordon runs as, with its path: a deployment's is " + p.exampleRole() + " (its output FunctionRoleArn)",
		})
	case err != nil:
		return p.withoutSimulation(ctx, needs, err)
	}
	return p.ruled(principal, needs, rulings), nil
}

// attach is the remedy for permissions that are missing.
func (p *patient) attach() string {
	return "attach the policy that this prints: " + p.permissionsCommand()
}

func (p *patient) permissionsCommand() string {
	command := "cordon permissions"
	if p.ConfigFile != "" {
		command += " --config " + p.ConfigFile
	}
	return fmt.Sprintf("%s --partition %s --account %s --region %s --name NAME", command, p.partition, p.account, p.Region)
}

// ruling is what the simulation says of a need.
type ruling struct {
	denied  bool
	because string   // what denies: "" for "no policy allows it"
	missing []string // condition keys on which it hangs
}

// ruled puts what was simulated into results.
func (p *patient) ruled(principal string, needs []need, rulings []ruling) []Result {
	var denied, unsure []int
	for i, r := range rulings {
		switch {
		case r.denied && len(r.missing) > 0 && r.because == "":
			unsure = append(unsure, i)
		case r.denied:
			denied = append(denied, i)
		}
	}
	remedy := p.attach()
	all := map[string]bool{}
	for _, n := range needs {
		all[n.Action] = true
	}
	var results []Result
	switch {
	case len(denied) > maxNamed:
		var names []string
		for _, i := range denied {
			names = append(names, needs[i].Action)
		}
		names = distinct(names)
		results = append(results, Result{
			Check: "permissions.policy", Severity: Problem, Subject: principal, Remedy: remedy,
			Found: fmt.Sprintf("lacks %d of the %d permissions that Cordon may need: %s", len(names), len(all), some(names, 60)),
		})
	default:
		for _, i := range denied {
			n := needs[i]
			found := fmt.Sprintf("%s lacks %s", principal, n.Action)
			if len(n.Resources) > 0 {
				found += " on " + some(n.Resources, 2)
			}
			if rulings[i].because != "" {
				found += " (" + rulings[i].because + ")"
			}
			results = append(results, Result{
				Check: "permissions.policy", Severity: Problem, Subject: n.Action, Found: found + needed(n), Remedy: remedy,
			})
		}
	}
	if len(unsure) > 0 {
		var names, keys []string
		for _, i := range unsure {
			names, keys = append(names, needs[i].Action), append(keys, rulings[i].missing...)
		}
		results = append(results, Result{
			Check: "permissions.policy", Severity: Warning, Subject: principal, Unchecked: true,
			Found: fmt.Sprintf("could not be checked: %s hang on conditions (%s) that cannot be simulated here",
				some(distinct(names), 20), strings.Join(distinct(keys), ", ")),
			Remedy: "compare the policy with the one that this prints: " + p.permissionsCommand(),
		})
	}
	if len(results) == 0 {
		results = append(results, Result{
			Check: "permissions.policy", Severity: OK, Subject: principal,
			Found: fmt.Sprintf("has all %d permissions that Cordon may need, as IAM simulates them; what policies of buckets and keys say, and the deployment's own key and log, are not part of that", len(all)),
		})
	}
	return results
}

func needed(n need) string {
	if len(n.For) == 0 {
		return ""
	}
	return " (for " + some(n.For, 4) + ")"
}

// withoutSimulation is what can be said where policies cannot be simulated, and why that is so. Dry runs are the
// caller's: they say nothing of another principal.
func (p *patient) withoutSimulation(ctx context.Context, needs []need, why error) ([]Result, error) {
	var results []Result
	rest := needs
	if p.Principal == "" && !cloud.BadCredentials(why) {
		var asked []need
		results, asked, rest = p.dryRuns(ctx, needs)
		if len(asked) > 0 && len(results) == 0 {
			results = append(results, Result{
				Check: "permissions.ec2", Severity: OK, Subject: p.arn,
				Found: fmt.Sprintf("may make %d of EC2's calls, as dry runs say", len(asked)),
			})
		}
	}
	if len(rest) == 0 {
		return results, nil
	}
	subject := p.arn
	if p.Principal != "" {
		subject = p.Principal
	}
	r := p.unchecked("permissions.policy", subject, why)
	var names []string
	for _, n := range rest {
		names = append(names, n.Action)
	}
	names = distinct(names)
	r.Found = fmt.Sprintf("%s: %s", strings.Replace(r.Found, "could not be checked", fmt.Sprintf("%d permissions could not be checked", len(names)), 1), some(names, 12))
	if cloud.Denied(why) {
		r.Remedy = fmt.Sprintf("allow iam:SimulatePrincipalPolicy and iam:GetRole to %s, or run cordon doctor as someone who has them, with --principal ARN", p.arn)
	}
	return append(results, r), nil
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
