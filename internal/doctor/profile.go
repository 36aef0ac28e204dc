package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/cloud"
	"cordon/internal/permissions"
)

// hostActions are what the agent of an isolated host calls.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
var hostActions = []string{
	"ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint",
	"ec2messages:GetMessages", "ec2messages:SendReply", "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel",
	"ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
}

// tooMuch are samples of what a profile that an intruder gets into must not allow.
var tooMuch = []string{
	"ec2:DescribeInstances", "iam:CreateUser", "kms:Decrypt", "lambda:ListFunctions", "s3:ListAllMyBuckets", "secretsmanager:GetSecretValue",
	"ssm:GetParameter", "ssm:SendCommand", "sts:AssumeRole",
}

// checkProfile looks at the quarantine profile: that it is there and has a role, and what that role allows.
func checkProfile(ctx context.Context, p *patient) ([]Result, error) {
	profile := p.Config.EC2.QuarantineProfile
	if profile == "" {
		return nil, nil // live response needs one, and the configuration is refused without
	}
	a, err := arn.Parse(profile)
	if err != nil {
		return nil, fmt.Errorf("read ec2.quarantine_profile: %w", err)
	}
	if a.AccountID != p.account {
		return one(Result{
			Check: "ssm.profile", Severity: Problem, Subject: profile,
			Found:  fmt.Sprintf("the quarantine profile belongs to account %s; an instance of %s cannot have it", a.AccountID, p.account),
			Remedy: "set ec2.quarantine_profile to a profile of account " + p.account,
		})
	}
	name := a.Resource[strings.LastIndex(a.Resource, "/")+1:]
	out, err := p.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	switch {
	case cloud.NotFound(err):
		return one(Result{
			Check: "ssm.profile", Severity: Problem, Subject: profile, Found: "the quarantine profile does not exist: live response will fail",
			Remedy: "make it (the deployment's QuarantineProfile), or set ec2.quarantine_profile",
		})
	case err != nil:
		return nil, err
	case len(out.InstanceProfile.Roles) == 0:
		return one(Result{
			Check: "ssm.profile", Severity: Problem, Subject: profile, Found: "the quarantine profile has no role: the host would have no credentials",
			Remedy: fmt.Sprintf("aws iam add-role-to-instance-profile --instance-profile-name %s --role-name ROLE", name),
		})
	}
	return p.checkProfileRole(ctx, aws.ToString(out.InstanceProfile.Roles[0].Arn))
}

func (p *patient) checkProfileRole(ctx context.Context, role string) ([]Result, error) {
	var needs []need
	for _, action := range slices.Concat(hostActions, tooMuch) {
		needs = append(needs, need{Action: action})
	}
	bucket, prefix := permissions.EvidenceBucket(p.Config.Vault)
	if bucket != "" {
		object := "arn:" + p.partition + ":s3:::" + bucket + "/" + prefix + "c-doctor/live-response/COMMAND/i-0123456789abcdef0/awsrunShellScript/0.awsrunShellScript/stdout"
		needs = append(needs, need{Action: "s3:PutObject", Resources: []string{object}})
	}
	rulings, err := p.simulate(ctx, role, needs)
	if err != nil {
		return nil, err
	}
	var lacking, excess []string
	for i, r := range rulings {
		switch allowed := !r.denied; {
		case i < len(hostActions) && !allowed:
			lacking = append(lacking, needs[i].Action)
		case i >= len(hostActions) && i < len(hostActions)+len(tooMuch) && allowed:
			excess = append(excess, needs[i].Action)
		}
	}
	var results []Result
	add := func(severity Severity, found, remedy string) {
		results = append(results, Result{Check: "ssm.profile", Severity: severity, Subject: role, Found: found, Remedy: remedy})
	}
	if len(lacking) > 0 {
		add(Problem, "the quarantine profile's role does not allow "+some(lacking, 11)+": the host will not come online for live response",
			"use the deployment's QuarantineRole, or allow these actions on *")
	}
	if len(excess) > 0 {
		add(Warning, "the quarantine profile's role allows more than live response needs ("+some(excess, 5)+"): an intruder on the host gets it too",
			"use the deployment's QuarantineRole, which has nothing else")
	}
	if bucket != "" && rulings[len(rulings)-1].denied {
		add(Note, "the quarantine profile's role may not write to the evidence bucket: of each command's output only the first 24,000 characters are kept",
			fmt.Sprintf("allow it s3:PutObject on arn:%s:s3:::%s/%s*", p.partition, bucket, prefix))
	}
	if len(results) == 0 {
		add(OK, "the quarantine profile's role allows what live response needs, and nothing else that was tried", "")
	}
	return results, nil
}
