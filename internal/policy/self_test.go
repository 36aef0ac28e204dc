package policy_test

import (
	"testing"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

func TestOwnCalls(t *testing.T) {
	const cordonAgent = "aws-sdk-go-v2/1.47.7 lang/go app/cordon"
	self := []string{"arn:aws:sts::111122223333:assumed-role/cordon-function/run", "arn:aws:iam::111122223333:user/ops/responder"}
	role := func(name string) *finding.Identity { return &finding.Identity{UserType: "AssumedRole", UserName: name} }
	const impair = "DefenseImpairment:EC2/DisableOrModifyTools"
	for _, tt := range []struct {
		name, typ, api, agent string
		who                   *finding.Identity
		account               string
		want                  bool
	}{
		{"its role", "Persistence:IAMUser/AnomalousBehavior", "PutRolePolicy", "", role("cordon-function"), "", true},
		{"its role and agent", "Persistence:IAMUser/AnomalousBehavior", "PutRolePolicy", cordonAgent, role("cordon-function"), "", true},
		{"its role, another program", "Persistence:IAMUser/AnomalousBehavior", "PutRolePolicy", "aws-cli/2", role("cordon-function"), "", false},
		{"its user", "Persistence:IAMUser/AnomalousBehavior", "PutUserPolicy", "", &finding.Identity{UserType: "IAMUser", UserName: "responder"}, "", true},
		{"a user with the role's name", "Persistence:IAMUser/AnomalousBehavior", "", "", &finding.Identity{UserType: "IAMUser", UserName: "cordon-function"}, "", false},
		{"another role", "Persistence:IAMUser/AnomalousBehavior", "", "", role("cordon-function2"), "", false},
		{"the same name in another account", "Persistence:IAMUser/AnomalousBehavior", "", "", role("cordon-function"), "444455556666", false},
		{"only the agent, which anyone can write", "Persistence:IAMUser/AnomalousBehavior", "PutRolePolicy", cordonAgent, role("admin"), "", false},
		{"its credentials are stolen", "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", "", "", role("cordon-function"), "", false},
		{"its credentials are stolen, disguised", "CredentialAccess:IAMUser/CompromisedCredentials", "", cordonAgent, role("cordon-function"), "", false},
		{"termination protection switched on", impair, "ModifyInstanceAttribute", cordonAgent, nil, "", true},
		{"flow logs deleted", impair, "DeleteFlowLogs", cordonAgent, nil, "", false},
		{"termination protection by another", impair, "ModifyInstanceAttribute", "aws-cli/2", nil, "", false},
		{"no name", "Persistence:IAMUser/AnomalousBehavior", "", "", role(""), "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := base()
			in.Config, in.Self = config.Default("/"), self
			in.Config.Policy.Builtin = config.ContainAll
			in.Finding.Type, in.Finding.API, in.Finding.UserAgent, in.Finding.Identity = tt.typ, tt.api, tt.agent, tt.who
			if tt.account != "" {
				in.Finding.Account = tt.account
			}
			if got := policy.Decide(in); (got.Rule == "builtin/own-call") != tt.want || tt.want && got.Outcome != policy.Observe {
				t.Errorf("got %+v", got)
			}
		})
	}
}
