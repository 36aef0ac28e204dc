package awssim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
)

// detectorSettings are those of a Region's detector; the zero value is one that was just made.
type detectorSettings struct {
	Suspended     bool
	Frequency     gdtypes.FindingPublishingFrequency // SIX_HOURS if empty
	Features      map[gdtypes.DetectorFeatureResult]gdtypes.FeatureStatus
	Created       time.Time
	Updated       time.Time
	Administrator string            // account id; "" for nobody's member
	Members       map[string]string // account id → relationship status
}

// basicSources are on in every detector and cannot be turned off.
var basicSources = []gdtypes.DetectorFeatureResult{
	gdtypes.DetectorFeatureResultCloudTrail, gdtypes.DetectorFeatureResultDnsLogs, gdtypes.DetectorFeatureResultFlowLogs,
}

// optionalFeatures are those that can be turned off; a new detector has all but the runtime monitoring ones.
// https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html
var optionalFeatures = []gdtypes.DetectorFeatureResult{
	gdtypes.DetectorFeatureResultS3DataEvents, gdtypes.DetectorFeatureResultEksAuditLogs, gdtypes.DetectorFeatureResultEbsMalwareProtection,
	gdtypes.DetectorFeatureResultRdsLoginEvents, gdtypes.DetectorFeatureResultLambdaNetworkLogs,
	gdtypes.DetectorFeatureResultEksRuntimeMonitoring, gdtypes.DetectorFeatureResultRuntimeMonitoring,
}

func (d *detectorSettings) feature(name gdtypes.DetectorFeatureResult) gdtypes.FeatureStatus {
	switch status, set := d.Features[name]; {
	case set:
		return status
	case name == gdtypes.DetectorFeatureResultRuntimeMonitoring, name == gdtypes.DetectorFeatureResultEksRuntimeMonitoring:
		return gdtypes.FeatureStatusDisabled
	default:
		return gdtypes.FeatureStatusEnabled
	}
}

func registerDetectors(r registry) {
	write(r, "GuardDuty", createDetector)
	write(r, "GuardDuty", updateDetector)
	write(r, "GuardDuty", deleteDetector)
	read(r, "GuardDuty", getDetector)
	read(r, "GuardDuty", listDetectors)
	read(r, "GuardDuty", listMembers)
}

// detector is the Region's GuardDuty where its detector has that id, else GuardDuty's refusal.
func (x *request) detector(id *string) (*guardDutyState, error) {
	g := &x.st.region(x.Region).GuardDuty
	if aws.ToString(id) == "" || *id != g.Detector {
		return nil, badRequest("The request is rejected because the input detectorId is not owned by the current account.")
	}
	return g, nil
}

// configure checks everything, then sets what is given.
func (d *detectorSettings) configure(now time.Time, enable *bool, frequency gdtypes.FindingPublishingFrequency, features []gdtypes.DetectorFeatureConfiguration) error {
	if frequency != "" && !slices.Contains(frequency.Values(), frequency) {
		return badRequest("The request is rejected because the input findingPublishingFrequency has an invalid value.")
	}
	set := clone(d.Features)
	if set == nil {
		set = map[gdtypes.DetectorFeatureResult]gdtypes.FeatureStatus{}
	}
	for _, f := range features {
		name := gdtypes.DetectorFeatureResult(f.Name)
		if !slices.Contains(optionalFeatures, name) || !slices.Contains(f.Status.Values(), f.Status) {
			return badRequest("The request is rejected because the input features has an invalid value.")
		}
		set[name] = f.Status
	}
	if set[gdtypes.DetectorFeatureResultRuntimeMonitoring] == gdtypes.FeatureStatusEnabled &&
		set[gdtypes.DetectorFeatureResultEksRuntimeMonitoring] == gdtypes.FeatureStatusEnabled {
		return badRequest("The request is rejected because RUNTIME_MONITORING and EKS_RUNTIME_MONITORING cannot both be enabled.")
	}
	d.Features, d.Updated = set, now
	if enable != nil {
		d.Suspended = !*enable
	}
	if frequency != "" {
		d.Frequency = frequency
	}
	return nil
}

// createDetector: a Region of an account has one detector.
func createDetector(x *request, in *guardduty.CreateDetectorInput) (*guardduty.CreateDetectorOutput, error) {
	g := &x.st.region(x.Region).GuardDuty
	if g.Detector != "" {
		return nil, badRequest("The request is rejected because a detector already exists for the current account.")
	}
	settings := detectorSettings{Created: x.now}
	if err := settings.configure(x.now, in.Enable, in.FindingPublishingFrequency, in.Features); err != nil {
		return nil, err
	}
	id := strings.ReplaceAll(x.st.uuid(), "-", "")
	g.Detector, g.Settings = id, settings
	return &guardduty.CreateDetectorOutput{DetectorId: &id}, nil
}

func updateDetector(x *request, in *guardduty.UpdateDetectorInput) (*guardduty.UpdateDetectorOutput, error) {
	g, err := x.detector(in.DetectorId)
	if err != nil {
		return nil, err
	}
	if err := g.Settings.configure(x.now, in.Enable, in.FindingPublishingFrequency, in.Features); err != nil {
		return nil, err
	}
	return &guardduty.UpdateDetectorOutput{}, nil
}

func deleteDetector(x *request, in *guardduty.DeleteDetectorInput) (*guardduty.DeleteDetectorOutput, error) {
	g, err := x.detector(in.DetectorId)
	if err != nil {
		return nil, err
	}
	*g = guardDutyState{}
	return &guardduty.DeleteDetectorOutput{}, nil
}

func getDetector(x *request, in *guardduty.GetDetectorInput) (*guardduty.GetDetectorOutput, error) {
	g, err := x.detector(in.DetectorId)
	if err != nil {
		return nil, err
	}
	d := &g.Settings
	out := &guardduty.GetDetectorOutput{
		Status: gdtypes.DetectorStatusEnabled, FindingPublishingFrequency: gdtypes.FindingPublishingFrequencySixHours,
		CreatedAt: aws.String(d.Created.Format(time.RFC3339)), UpdatedAt: aws.String(d.Updated.Format(time.RFC3339)),
		ServiceRole: aws.String(x.st.arn("iam", "", "role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty")),
	}
	if d.Suspended {
		out.Status = gdtypes.DetectorStatusDisabled
	}
	if d.Frequency != "" {
		out.FindingPublishingFrequency = d.Frequency
	}
	for _, name := range basicSources {
		out.Features = append(out.Features, gdtypes.DetectorFeatureConfigurationResult{Name: name, Status: gdtypes.FeatureStatusEnabled})
	}
	for _, name := range optionalFeatures {
		out.Features = append(out.Features, gdtypes.DetectorFeatureConfigurationResult{Name: name, Status: d.feature(name)})
	}
	return out, nil
}

func listDetectors(x *request, _ *guardduty.ListDetectorsInput) (*guardduty.ListDetectorsOutput, error) {
	out := &guardduty.ListDetectorsOutput{DetectorIds: []string{}}
	if id := x.st.region(x.Region).GuardDuty.Detector; id != "" {
		out.DetectorIds = append(out.DetectorIds, id)
	}
	return out, nil
}

// listMembers gives all members on one page.
func listMembers(x *request, in *guardduty.ListMembersInput) (*guardduty.ListMembersOutput, error) {
	g, err := x.detector(in.DetectorId)
	if err != nil {
		return nil, err
	}
	out := &guardduty.ListMembersOutput{Members: []gdtypes.Member{}}
	for _, id := range sortedKeys(g.Settings.Members) {
		out.Members = append(out.Members, gdtypes.Member{
			AccountId: aws.String(id), MasterId: aws.String(x.st.Account), AdministratorId: aws.String(x.st.Account),
			Email: aws.String("account-" + id + "@example.com"), RelationshipStatus: aws.String(g.Settings.Members[id]),
			UpdatedAt: aws.String(g.Settings.Updated.Format(time.RFC3339)),
		})
	}
	return out, nil
}

// demoDetection makes the demo's detector: on, repeats every fifteen minutes, no runtime monitoring.
func demoDetection(s *state) {
	now := demoTime()
	s.region(DemoRegion).GuardDuty = guardDutyState{Detector: demoDetector, Settings: detectorSettings{
		Frequency: gdtypes.FindingPublishingFrequencyFifteenMinutes, Created: now, Updated: now,
	}}
}
