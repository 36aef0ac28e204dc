package actions

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

const metadataName = "metadata.json"

func captureMetadata() action.Action {
	return action.New(action.Spec[instanceRequest, evidenceState]{
		ID:      "ec2.capture-metadata",
		Summary: "Writes down what AWS knows of the instance, as it was before containment where containment changes it.",
		Details: "metadata.json holds the instance, its interfaces, security groups with their rules, volumes, profile and " +
			"role, target groups, load balancers, Auto Scaling group, attributes, tags, and its VPC's routes, network ACLs " +
			"and endpoints. Each section says whether it is a stored observation from before the change or was read after " +
			"containment, and when. console-output.txt and user-data.bin stand beside it. A section that cannot be read is named in " +
			"the document and does not hold up the rest.",
		Permissions: []string{
			"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "ec2:DescribeInstanceAttribute",
			"ec2:DescribeInstances", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables",
			"ec2:DescribeSecurityGroups", "ec2:DescribeVolumes", "ec2:DescribeVpcEndpoints", "ec2:GetConsoleOutput",
			"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups",
			"elasticloadbalancing:DescribeTargetHealth", "iam:GetInstanceProfile", "iam:ListAttachedRolePolicies",
			"iam:ListRolePolicies",
		},
		Irreversible: "the document is evidence",
		Observe:      observeMetadata,
		Expect: func(_ instanceRequest, prior evidenceState) evidenceState {
			return expectEvidence(prior, "what AWS knows of the instance")
		},
		Do:     writeMetadata,
		Verify: func(_ instanceRequest, _, after evidenceState) error { return verifyEvidence(after) },
	})
}

func observeMetadata(ctx context.Context, env *action.Env, t instanceRequest, known *evidenceState) (evidenceState, error) {
	p, err := readEvidence(ctx, env, metadataName)
	if err != nil || p.SHA256 != "" || known != nil {
		return p, err
	}
	_, err = describeInstance(ctx, env, t.Target.ID)
	return p, err
}

// patience is how often sections that a passing fault left out are tried again before the document does without them.
const patience = 3

func writeMetadata(ctx context.Context, env *action.Env, t instanceRequest, _ evidenceState) error {
	if have, err := readEvidence(ctx, env, metadataName); err != nil || have.SHA256 != "" {
		return err
	}
	records, err := env.Records(ctx)
	if err != nil {
		return wrap("read the records of case", t.Case, err)
	}
	c := collector{env: env, t: t, stored: storedStates(records), sections: map[string]section{}}
	c.collect(ctx)
	lacking := c.lacking()
	if err := ctx.Err(); err != nil {
		return wrap("collect", metadataName, err)
	}
	if env.Attempt < patience && c.passing() {
		return &action.Pending{After: env.Backoff(), Reason: "not all could be read yet: " + strings.Join(lacking, ", ")}
	}
	if len(lacking) > 0 {
		env.Note("not in %s: %s", metadataName, strings.Join(lacking, ", "))
	}
	document, err := json.MarshalIndent(metadata{Case: t.Case, Target: t.Target, Sections: c.sections}, "", "  ")
	if err != nil {
		return wrap("encode", metadataName, err)
	}
	_, err = keepEvidence(ctx, env, metadataName, append(document, '\n'))
	return err
}

// lacking names the sections that could not be read, each with the error code.
func (c *collector) lacking() (names []string) {
	for _, name := range sortedKeys(c.sections) {
		if err := c.sections[name].failure(); err != nil {
			code := cloud.Code(err)
			if code == "" {
				code = err.Error()
			}
			names = append(names, name+" ("+code+")")
		}
	}
	return names
}

// passing says whether one of the failures may be over soon.
func (c *collector) passing() bool {
	for _, s := range c.sections {
		if cloud.Temporary(s.failure()) {
			return true
		}
	}
	return false
}

// failure is the error of the section or of what was read after, nil for none.
func (s section) failure() error {
	if s.After != nil {
		return errors.Join(s.err, s.After.err)
	}
	return s.err
}
