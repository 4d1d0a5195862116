package events

import (
	"reflect"
	"slices"
	"strings"

	"github.com/outturn/outturn/events/fiscal"
)

// Type is the name of an event type, such as "outturn.disbursement.paid.v1".
type Type string

// Data is what an event of one type says. Its fields are the event's JSON
// data, member for member.
type Data interface {
	// Type is the type's name.
	Type() Type
	// About says what kind of thing the event's subject names.
	About() Subject
}

// Dated is the Data of a type that counts for a business date.
type Dated interface {
	Data
	On() fiscal.Date
}

// Definition is what the registry knows of a type.
type Definition struct {
	Type Type
	// Group is the family that the type belongs to, Zh its Chinese name, and
	// Says completes the sentence "the event says that …".
	Group, Zh, Says string
	// Abouts are the kinds of thing that its subject may name.
	Abouts []Subject

	data reflect.Type
}

func define[D Data](group, zh, says string, abouts ...Subject) Definition {
	var data D
	return Definition{Type: data.Type(), Group: group, Zh: zh, Says: says, Abouts: abouts, data: reflect.TypeFor[D]()}
}

// registry lists every type that there is, in the order of the documentation.
var registry = []Definition{
	define[UnitRegistered]("unit", "预算单位登记", "a budget unit exists, at the top or under a parent. Units form a tree", OfUnit),
	define[ProjectRegistered]("project", "项目登记", "a project, or a unit's basic expenditure, exists in a year", OfProject),
	define[LineOpened]("line", "预算指标建立", "a budget line exists: the thing that money is controlled on. Its keys are unit, project, fund, vintage, function class and economic class", OfLine),
	define[YearOpened]("year", "年度开账", "a unit and all under it keep books of a year", OfUnit),
	define[BudgetAllocated]("budget", "年初预算下达", "the initial budget (年初预算数) of a line was approved", OfLine),
	define[BudgetSupplemented]("budget", "预算追加", "money was added to a line in the course of the year", OfLine),
	define[BudgetReduced]("budget", "预算追减", "money was taken off a line's budget in the course of the year", OfLine),
	define[BudgetRecalled]("budget", "预算收回", "finance took money of a line back", OfLine),
	define[BudgetFrozen]("budget", "预算冻结", "part of a line's money may not be spent for now", OfLine),
	define[BudgetUnfrozen]("budget", "预算解冻", "frozen money may be spent again", OfLine),
	define[BudgetTransferred]("budget", "预算调剂", "money moved from the subject's line to another line of the same year. It is one event with two postings that cancel", OfLine),
	define[CarryoverReceived]("carryover", "上年结转转入", "unspent money of an earlier year came into a line of that vintage, as estimated at budget time", OfLine),
	define[CarryoverConfirmed]("carryover", "结转数决算确认", "the final accounts (决算) fixed what a line received; the figure replaces the estimate", OfLine),
	define[CarryoverSent]("carryover", "结转下年", "unspent money of a line goes on to a later year", OfLine),
	define[SurplusReturned]("surplus", "结余上缴", "money that is no longer needed went back to finance", OfLine),
	define[CommitmentMade]("commitment", "合同占用", "a contract or order takes up money of a line before it is paid", OfLine),
	define[CommitmentChanged]("commitment", "合同占用变更", "an open commitment has a new total amount, what was paid against it included", OfLine),
	define[CommitmentReleased]("commitment", "合同占用释放", "what is left of a commitment will not be paid", OfLine),
	define[DisbursementPaid]("disbursement", "支付", "money was paid from a line. A payment against a commitment uses it up and is never counted twice", OfLine),
	define[DisbursementRefunded]("disbursement", "退回", "money of a payment came back to the line", OfLine),
	define[DisbursementCorrected]("disbursement", "更正", "what is left of a payment counts for another line, another economic class, or both", OfLine),
	define[PlanSet]("plan", "用款计划", "the monthly use plan of a line or a project is this, in place of any earlier one", OfLine, OfProject),
	define[GoalSet]("goal", "绩效目标", "a unit or a project has this performance goal for a year", OfUnit, OfProject),
	define[GoalReported]("goal", "目标完成情况", "this is how far a goal is reached", OfUnit, OfProject),
	define[IndicatorSet]("indicator", "绩效指标", "a unit or a project is measured by this indicator, in place of any earlier one of the same code", OfUnit, OfProject),
	define[IndicatorReported]("indicator", "指标完成值", "this is an indicator's value on a date", OfUnit, OfProject),
	define[IndicatorScored]("indicator", "指标得分", "an indicator got these points, with the reason for a deviation", OfUnit, OfProject),
	define[PeriodClosed]("period", "月结", "a month and all before it take no more money events, for a unit and all under it", OfUnit),
	define[YearClosed]("year", "年结", "a year takes no more money events, for a unit and all under it", OfUnit),
	define[YearReopened]("year", "年度重开", "a closed year takes money events again, its closed months too, for the reason given", OfUnit),
	define[PaceSet]("pace", "序时进度规则", "execution of the lines that it covers is watched so, in place of any earlier rule of the same code. It covers the lines of the unit and all under it that have the project, kind and fund that it names", OfUnit),
	define[PaceRemoved]("pace", "取消序时进度规则", "a pace rule holds no more", OfUnit),
	define[AlertRaised]("alert", "预警", "a rule found execution lagging", OfLine, OfProject, OfUnit),
	define[AlertAnswered]("alert", "预警处理", "the unit said what it will do about an alert", OfLine, OfProject, OfUnit),
	define[AlertEscalated]("alert", "预警升级", "nobody answered an alert in time", OfLine, OfProject, OfUnit),
	define[AlertClosed]("alert", "预警关闭", "an alert needs no more attention", OfLine, OfProject, OfUnit),
	define[FormIssued]("form", "自评表签发", "a form was issued: its digest, and the log position that every figure on it rests on", OfUnit, OfProject),
	define[OverrideGranted]("override", "超额特批", "a line may be overspent by up to this amount until a day", OfLine),
	define[OverrideEnded]("override", "特批终止", "an override holds no more, for what is posted from now on", OfLine),
	define[ControlSet]("control", "额度控制", "uses of the lines that it covers are controlled so, in place of any earlier control of the same code. It covers the lines of the unit and all under it that have the project, kind, fund and economic class that it names", OfUnit),
	define[ControlRemoved]("control", "取消额度控制", "a control holds no more", OfUnit),
	define[ReviewSet]("review", "复核规则", "events of these types over an amount wait for a second person, in a unit and all under it", OfUnit),
	define[ReviewRemoved]("review", "取消复核规则", "a review rule holds no more", OfUnit),
	define[ProposalMade]("proposal", "提交复核", "somebody proposed an event that a second person has to approve", OfLine, OfProject, OfUnit),
	define[ProposalApproved]("proposal", "复核通过", "a second person approved a proposal; its event is the next one in the log", OfLine, OfProject, OfUnit),
	define[ProposalDeclined]("proposal", "复核退回", "a second person declined a proposal", OfLine, OfProject, OfUnit),
	define[ProposalWithdrawn]("proposal", "撤回提交", "a proposal was taken back by who made it", OfLine, OfProject, OfUnit),
	define[UserRegistered]("user", "用户登记", "somebody may be let in under this code, which names a post or a desk and never a person", OfUser),
	define[UserRetired]("user", "用户停用", "a user is let in no more: its roles and tokens are void", OfUser),
	define[RoleGranted]("role", "授予角色", "a user has a role for a unit and all under it or, without a unit, everywhere", OfUser),
	define[RoleRevoked]("role", "撤销角色", "a user no longer has a role that was granted for exactly this unit", OfUser),
	define[TokenIssued]("token", "签发令牌", "a user has an API token, of which the log keeps the hash", OfUser),
	define[TokenRevoked]("token", "吊销令牌", "a token lets nobody in any more", OfUser),
	define[SessionOpened]("session", "登录", "a user signed in at a browser", OfUser),
	define[SessionRefused]("session", "登录被拒", "somebody who could be recognised as a user was not let in", OfUser),
}

var byType = func() map[Type]*Definition {
	index := make(map[Type]*Definition, len(registry))
	for i := range registry {
		index[registry[i].Type] = &registry[i]
	}
	return index
}()

// Definitions lists every type in the order of the documentation.
func Definitions() []Definition { return slices.Clone(registry) }

// Lookup finds a type's definition.
func Lookup(t Type) (Definition, bool) {
	d, ok := byType[t]
	if !ok {
		return Definition{}, false
	}
	return *d, true
}

// Noun is the type's name without its prefix and version:
// "disbursement.paid".
func (t Type) Noun() string {
	name := strings.TrimPrefix(string(t), "outturn.")
	if dot := strings.LastIndex(name, ".v"); dot > 0 {
		name = name[:dot]
	}
	return name
}

// unknownType refuses a type, and names the nearest one that exists.
func unknownType(t Type) *Refusal {
	names := make([]string, len(registry))
	for i, d := range registry {
		names[i] = string(d.Type)
	}
	return Refuse(CodeInvalidEvent, ReasonTypeUnknown, "/type", "type", string(t), "nearest", nearest(string(t), names))
}

func checkAbout(kind Subject, allowed ...Subject) error {
	if slices.Contains(allowed, kind) {
		return nil
	}
	return Refuse(CodeInvalidEvent, ReasonFieldInvalid, "/data/about", "field", "about", "want", checkOneOf(kind, allowed).(invalid).want)
}
