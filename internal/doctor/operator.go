package doctor

import (
	"context"
	"fmt"
	"strings"

	"cordon/internal/casefile/dynamodb"
)

// checkOperator looks whether who runs doctor may also list cases: people do that (cordon cases), and commands that answer
// look at the index, too; the function never does, and its policy leaves it out. With another principal there is nothing
// to ask.
func checkOperator(ctx context.Context, p *patient) ([]Result, error) {
	name, ok := strings.CutPrefix(p.Config.Store, dynamodb.Scheme)
	if !ok || p.Principal != "" {
		return nil, nil
	}
	principal, because, err := p.principal(ctx)
	if err != nil || because != "" {
		return nil, err // permissions.policy says why
	}
	table := fmt.Sprintf("arn:%s:dynamodb:%s:%s:table/%s", p.partition, p.Region, p.account, name)
	index := table + "/index/" + dynamodb.Index
	needs := []need{
		{Action: "dynamodb:BatchGetItem", Resources: []string{table}},
		{Action: "dynamodb:Query", Resources: []string{index}},
	}
	rulings, err := p.simulate(ctx, principal, needs)
	if err != nil {
		return nil, err
	}
	var lacking []string
	for i, r := range rulings {
		if r.denied {
			lacking = append(lacking, needs[i].Action+" on "+needs[i].Resources[0])
		}
	}
	if len(lacking) > 0 {
		return one(Result{
			Check: "store.operator", Severity: Problem, Subject: principal,
			Found:  "lacks " + strings.Join(lacking, " and ") + ": cordon cases cannot list what is in the table",
			Remedy: fmt.Sprintf("allow it dynamodb:BatchGetItem on %s and dynamodb:Query on %s (the function's policy has neither)", table, index),
		})
	}
	return one(Result{Check: "store.operator", Severity: OK, Subject: principal, Found: "may list cases"})
}
