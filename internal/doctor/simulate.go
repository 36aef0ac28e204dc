package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/sync/errgroup"
)

const (
	simulateActions = 50 // actions a call; IAM names no limit, and pages the answer
	simulateCalls   = 3  // side by side; IAM's rate is unpublished and low
)

// simulate asks IAM what the principal's policies say of each need: the organization's policies and the permissions
// boundary count, policies of resources do not. Needs on the same resources under the same conditions share a call.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func (p *patient) simulate(ctx context.Context, principal string, needs []need) ([]ruling, error) {
	groups := map[string][]int{}
	for i, n := range needs {
		key := requestKey(n)
		groups[key] = append(groups[key], i)
	}
	out := make([]ruling, len(needs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(simulateCalls)
	for _, key := range sortedKeys(groups) {
		for batch := range slices.Chunk(groups[key], simulateActions) {
			g.Go(func() error { return p.simulateBatch(ctx, principal, needs, batch, out) })
		}
	}
	return out, g.Wait()
}

// requestKey is the same for needs that one call can ask about.
func requestKey(n need) string {
	key := strings.Join(n.Resources, "\n")
	for _, name := range sortedKeys(n.Context) {
		key += fmt.Sprintf("\x00%s=%q", name, n.Context[name])
	}
	return key
}

// simulateBatch fills in the rulings of some needs, which have their resources and context in common.
func (p *patient) simulateBatch(ctx context.Context, principal string, needs []need, batch []int, out []ruling) error {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &principal, ResourceArns: needs[batch[0]].Resources}
	for _, name := range sortedKeys(needs[batch[0]].Context) {
		values := needs[batch[0]].Context[name]
		kind := iamtypes.ContextKeyTypeEnumString
		if len(values) != 1 {
			kind = iamtypes.ContextKeyTypeEnumStringList
		}
		in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{ContextKeyName: aws.String(name), ContextKeyType: kind, ContextKeyValues: values})
	}
	for _, i := range batch {
		if !slices.Contains(in.ActionNames, needs[i].Action) {
			in.ActionNames = append(in.ActionNames, needs[i].Action)
		}
	}
	answers := map[string]ruling{}
	pages := iam.NewSimulatePrincipalPolicyPaginator(p.IAM, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.EvaluationResults {
			answers[aws.ToString(r.EvalActionName)] = answers[aws.ToString(r.EvalActionName)].worse(read(r))
		}
	}
	for _, i := range batch {
		answer, ok := answers[needs[i].Action]
		if !ok {
			return fmt.Errorf("simulate policies of %s: IAM gave no answer for %s", principal, needs[i].Action)
		}
		out[i] = answer
	}
	return nil
}

// read takes one result. IAM gives one an action; it once gave one an action and resource.
func read(r iamtypes.EvaluationResult) ruling {
	out := ruling{denied: r.EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed, missing: r.MissingContextValues}
	for _, s := range r.ResourceSpecificResults {
		out.denied = out.denied || s.EvalResourceDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed
		out.missing = append(out.missing, s.MissingContextValues...)
	}
	if !out.denied {
		return ruling{}
	}
	out.missing = distinct(out.missing)
	switch {
	case r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations:
		out.because = "an organization's policy forbids it"
	case r.PermissionsBoundaryDecisionDetail != nil && !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary:
		out.because = "the permissions boundary does not allow it"
	case r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny:
		out.because = "a policy denies it"
		if len(r.MatchedStatements) > 0 {
			out.because = fmt.Sprintf("policy %s denies it", aws.ToString(r.MatchedStatements[0].SourcePolicyId))
		}
	}
	return out
}

// worse is the ruling over two answers about one action.
func (r ruling) worse(other ruling) ruling {
	if !r.denied {
		return other
	}
	if other.because != "" {
		r.because = other.because
	}
	r.missing = distinct(append(r.missing, other.missing...))
	return r
}
