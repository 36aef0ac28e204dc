package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
)

// wantedFeatures are GuardDuty's optional sources, and what Cordon does not hear of without each. Runtime monitoring
// goes by two names, of which one is enough.
var wantedFeatures = []struct {
	names   []gdtypes.DetectorFeatureResult
	missing string
}{
	{[]gdtypes.DetectorFeatureResult{gdtypes.DetectorFeatureResultS3DataEvents}, "most findings on buckets"},
	{[]gdtypes.DetectorFeatureResult{gdtypes.DetectorFeatureResultEksAuditLogs}, "findings from Kubernetes audit logs"},
	{
		[]gdtypes.DetectorFeatureResult{gdtypes.DetectorFeatureResultRuntimeMonitoring, gdtypes.DetectorFeatureResultEksRuntimeMonitoring},
		"findings from inside hosts and containers",
	},
}

// checkGuardDuty looks at the Region's detector, and at who else gets its findings or gives it theirs.
func checkGuardDuty(ctx context.Context, p *patient) ([]Result, error) {
	client := guardduty.NewFromConfig(p.cfg)
	list, err := client.ListDetectors(ctx, &guardduty.ListDetectorsInput{})
	if err != nil {
		return nil, err
	}
	if len(list.DetectorIds) == 0 {
		return one(Result{
			Check: "guardduty.detector", Severity: Problem, Found: "GuardDuty has no detector in " + p.Region + ": no finding will arrive from there",
			Remedy: "aws guardduty create-detector --enable --finding-publishing-frequency FIFTEEN_MINUTES --region " + p.Region,
		})
	}
	id := list.DetectorIds[0]
	update := fmt.Sprintf("aws guardduty update-detector --region %s --detector-id %s ", p.Region, id)
	d, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &id})
	if err != nil {
		return nil, err
	}
	if d.Status != gdtypes.DetectorStatusEnabled {
		return one(Result{
			Check: "guardduty.detector", Severity: Problem, Subject: id, Found: "the detector is suspended: no finding will arrive",
			Remedy: update + "--enable",
		})
	}
	results := []Result{
		{Check: "guardduty.detector", Severity: OK, Subject: id, Found: "the detector is on"},
		frequency(id, d.FindingPublishingFrequency, update),
		features(id, d.Features, update),
	}
	related, err := relations(ctx, p, client, id)
	if err != nil {
		related = append(related, p.unchecked("guardduty.accounts", id, err))
	}
	return append(results, related...), nil
}

func frequency(id string, f gdtypes.FindingPublishingFrequency, update string) Result {
	r := Result{Check: "guardduty.frequency", Severity: OK, Subject: id, Found: "repeats of a finding are published every 15 minutes"}
	if f == gdtypes.FindingPublishingFrequencyFifteenMinutes {
		return r
	}
	every := "hour"
	if f == gdtypes.FindingPublishingFrequencySixHours {
		every = "six hours"
	}
	r.Severity, r.Found = Warning, "repeats of a finding are published only every "+every+": Cordon looks again at a target as late as that"
	r.Remedy = update + "--finding-publishing-frequency FIFTEEN_MINUTES (in a member account, the administrator account sets it)"
	return r
}

func features(id string, have []gdtypes.DetectorFeatureConfigurationResult, update string) Result {
	on := map[gdtypes.DetectorFeatureResult]bool{}
	for _, f := range have {
		on[f.Name] = f.Status == gdtypes.FeatureStatusEnabled
	}
	var missing, settings []string
	for _, f := range wantedFeatures {
		enabled := false
		for _, name := range f.names {
			enabled = enabled || on[name]
		}
		if !enabled {
			missing = append(missing, fmt.Sprintf("%s is off (%s)", f.names[0], f.missing))
			settings = append(settings, fmt.Sprintf("Name=%s,Status=ENABLED", f.names[0]))
		}
	}
	if len(missing) == 0 {
		return Result{Check: "guardduty.features", Severity: OK, Subject: id, Found: "S3, EKS and runtime monitoring are on"}
	}
	return Result{
		Check: "guardduty.features", Severity: Note, Subject: id, Found: "does not raise everything that it could: " + strings.Join(missing, ", "),
		Remedy: update + "--features " + strings.Join(settings, " "),
	}
}

// relations: whose findings arrive here, and who else gets them.
func relations(ctx context.Context, p *patient, client *guardduty.Client, id string) ([]Result, error) {
	admin, err := client.GetAdministratorAccount(ctx, &guardduty.GetAdministratorAccountInput{DetectorId: &id})
	if err != nil {
		return nil, err
	}
	if a := admin.Administrator; a != nil && aws.ToString(a.AccountId) != "" {
		r := Result{
			Check: "guardduty.accounts", Severity: Note, Subject: *a.AccountId,
			Found: fmt.Sprintf("this account is a GuardDuty member of %s: findings arrive there too, rules there can hide them here, and "+
				"only there can a false positive be archived", *a.AccountId),
			Remedy: "answer in one place: deploy Cordon in " + *a.AccountId + " with accounts.role, or here, not both",
		}
		if status := aws.ToString(a.RelationshipStatus); !strings.EqualFold(status, "Enabled") {
			r.Severity, r.Found = Warning, fmt.Sprintf("%s; the relation is %q, not Enabled", r.Found, status)
		}
		return one(r)
	}
	return members(ctx, p, client, id)
}

func members(ctx context.Context, p *patient, client *guardduty.Client, id string) ([]Result, error) {
	enabled, off := 0, []string{}
	pages := guardduty.NewListMembersPaginator(client, &guardduty.ListMembersInput{DetectorId: &id, OnlyAssociated: aws.String("false")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range page.Members {
			if strings.EqualFold(aws.ToString(m.RelationshipStatus), "Enabled") {
				enabled++
			} else {
				off = append(off, aws.ToString(m.AccountId)+" ("+aws.ToString(m.RelationshipStatus)+")")
			}
		}
	}
	var results []Result
	if len(off) > 0 {
		results = append(results, Result{
			Check: "guardduty.accounts", Severity: Warning, Found: "the findings of these member accounts do not arrive: " + some(off, 5),
			Remedy: "invite or enable them: aws guardduty create-members, or auto-enable in the organization's settings",
		})
	}
	switch {
	case enabled > 0 && p.Config.Accounts.Role == "":
		results = append(results, Result{
			Check: "guardduty.accounts", Severity: Warning,
			Found:  fmt.Sprintf("the findings of %s arrive here, but Cordon has no role there: it refuses them", count(enabled, "member account")),
			Remedy: "deploy deploy/sam/member.yaml to them and set accounts.role (parameter MemberRoleName)",
		})
	case enabled > 0:
		results = append(results, Result{
			Check: "guardduty.accounts", Severity: OK, Found: fmt.Sprintf("%s, answered as role %s (whether it can be assumed there was not tried)",
				count(enabled, "member account"), p.Config.Accounts.Role),
		})
	case len(off) == 0:
		results = append(results, Result{Check: "guardduty.accounts", Severity: OK, Found: "the account is nobody's member and has no members"})
	}
	return results, nil
}
